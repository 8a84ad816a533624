"""What can be asked of a whole graph: plain functions of a graph and arguments, answers of JSON."""
