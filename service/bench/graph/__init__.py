"""Benches of the graph: what folding, loading, asking and projecting one takes."""
