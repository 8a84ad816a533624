"""How much of what a question asks for is recalled: sets, the asking, and what it came to."""
