"""Every table, described once; `SQLModel.metadata` holds them all as soon as this is imported."""

from schema.tables import derived, eventlog, graph, memory, ops, readmodel

__all__ = ["derived", "eventlog", "graph", "memory", "ops", "readmodel"]
