"""What the process does: agents, their providers and memories, the commands and the service."""
