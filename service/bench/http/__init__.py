"""Benches of the service as its clients meet it: over HTTP, from a process of their own."""
