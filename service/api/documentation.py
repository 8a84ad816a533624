"""`/openapi.json` and `/docs`: what is answered here, for machines and for people."""

from typing import Any, Final

from aiohttp import web

from service.api.docs_page import PAGE_POLICY, page_of
from service.api.openapi import document
from service.api.route import OPEN, Call, Reply, Route


async def show_openapi(_call: Call) -> Reply:
    """What stands here, as OpenAPI 3.1."""
    return Reply(body=_document())


async def show_docs(_call: Call) -> web.Response:
    """What stands here, as a page that loads nothing from elsewhere."""
    return web.Response(
        text=page_of(_document()),
        content_type="text/html",
        headers={"Content-Security-Policy": PAGE_POLICY},
    )


def _document() -> dict[str, Any]:
    from service.api.routes import ROUTES as ALL  # noqa: PLC0415 - that table holds ours, too.

    return document(ALL)


ROUTES: Final = (
    Route(
        method="GET",
        path="/openapi.json",
        handler=show_openapi,
        scope=OPEN,
        summary="This documentation for machines",
        group="documentation",
    ),
    Route(
        method="GET",
        path="/docs",
        handler=show_docs,
        scope=OPEN,
        summary="This documentation for people",
        group="documentation",
        media="text/html",
    ),
)
