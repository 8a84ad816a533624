"""The read models: what the log's events add up to, in rows; each table has one writer here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from eventlog.project import Projection
from service.projections.changes import changes
from service.projections.erasures import erasures
from service.projections.graph import graph
from service.projections.memory import memory
from service.projections.sessions import sessions
from service.projections.steps import steps

PROJECTIONS: Final[Mapping[str, Projection]] = MappingProxyType(
    {
        projection.name: projection
        for projection in (sessions, steps, changes, memory, graph, erasures)
    }
)
"""Every projection, by its name."""
