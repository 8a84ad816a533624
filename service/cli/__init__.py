"""The command line, `agent-runtime`: what a person types, and a script."""

from service.cli.main import main

__all__ = ["main"]
