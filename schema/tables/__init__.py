"""Every table, described once; `SQLModel.metadata` holds them all as soon as this is imported."""

from schema.tables import eventlog, ops, readmodel

__all__ = ["eventlog", "ops", "readmodel"]
