"""The documentation: made of the table of routes, whole, valid, and read offline."""

import re
from html.parser import HTMLParser

import jsonschema
import pytest

from service.api.routes import ROUTES
from tests.serving import Api


@pytest.fixture
def partitions() -> int:
    return 1


async def test_every_route_is_documented_for_machines(api: Api):
    document = (await api.client.get("/openapi.json")).json()
    said = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert said == {(route.method, route.path) for route in ROUTES}
    names = [o["operationId"] for ops in document["paths"].values() for o in ops.values()]
    assert len(names) == len(set(names))


async def test_every_reference_leads_somewhere_and_every_schema_is_one(api: Api):
    answer = await api.client.get("/openapi.json")
    schemas = answer.json()["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', answer.text)) <= set(schemas)
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


async def test_the_page_for_people_loads_nothing_from_anywhere(api: Api):
    answer = await api.client.get("/docs")
    loads: list[str | None] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            loads.extend(value for name, value in attrs if name == "src")
            loads.extend([tag] if tag in {"script", "link", "img", "iframe"} else [])

    Reader().feed(answer.text)
    assert loads == []
    assert "script" not in answer.headers["Content-Security-Policy"]
    for route in ROUTES:
        assert f"<code>{route.path}</code>" in answer.text
