"""Benches of what analysts ask, and the made-up log that they stand on."""
