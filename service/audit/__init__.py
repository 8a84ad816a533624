"""Other futures of sessions: what here reaches models and tools says so; replaying never does."""
