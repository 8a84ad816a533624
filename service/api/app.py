"""The application: every route of the table, behind one door, with one answer to errors."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from aiohttp import web

from eventlog.lifetimes import beside
from service.api.door import Door
from service.api.json_body import BODY_BYTES_MAX
from service.api.problems import problems
from service.api.route import Route
from service.api.routes import ROUTES
from service.api.seen import seen
from service.api.services import Services
from service.api.serving import DOOR, SERVICES, served

HEADER_BYTES_MAX: Final = 8190
"""Of one header's value, and of the request's first line: aiohttp's own limit."""


def build_app(services: Services, routes: Sequence[Route] = ROUTES) -> web.Application:
    """Everything that is answered."""
    app = web.Application(middlewares=[seen, problems], client_max_size=BODY_BYTES_MAX)
    app[SERVICES] = services
    app[DOOR] = Door(services.log.database)
    app.cleanup_ctx.append(_following)
    app.on_shutdown.append(_close_streams)
    for route in routes:
        if route.method == "GET":
            app.router.add_get(route.path, served(route))
        else:
            app.router.add_route(route.method, route.path, served(route))
    return app


async def _following(app: web.Application) -> AsyncIterator[None]:
    """The hub at work for those who follow the log."""
    async with beside(app[SERVICES].live.run()):
        yield


async def _close_streams(app: web.Application) -> None:
    """What has no end must not be waited for."""
    app[SERVICES].live.close()
