"""Benches of memory: how fast is what an agent recalls, and what it costs to remember."""
