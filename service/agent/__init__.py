"""A session of an agent: its state, its next move, and the loop that makes it."""
