"""An agent's knowledge graph: what it knows of things, and of how they relate."""
