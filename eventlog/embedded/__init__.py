"""A PostgreSQL of our own: its files under the home folder, its binaries from a wheel."""

from eventlog.embedded.server import EmbeddedServer, running_server

__all__ = ["EmbeddedServer", "running_server"]
