"""The table of routes: whatever is answered over HTTP stands here, once."""

from typing import Final

from service.api import (
    agents,
    control,
    documentation,
    graph,
    health,
    history,
    log,
    memory,
    notes,
    operating,
    sessions,
    streams,
)
from service.api.route import Route

ROUTES: Final[tuple[Route, ...]] = (
    *health.ROUTES,
    *agents.ROUTES,
    *sessions.ROUTES,
    *control.ROUTES,
    *streams.ROUTES,
    *history.ROUTES,
    *memory.ROUTES,
    *notes.ROUTES,
    *graph.ROUTES,
    *log.ROUTES,
    *operating.ROUTES,
    *documentation.ROUTES,
)
