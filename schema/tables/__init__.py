"""Every table, described once; `SQLModel.metadata` holds them all as soon as this is imported."""

from schema.tables import derived, eventlog, memory, ops, readmodel

__all__ = ["derived", "eventlog", "memory", "ops", "readmodel"]
