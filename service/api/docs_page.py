"""The documentation as a page for people: no script, nothing loaded from anywhere."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any, Final

PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #8886 }
details { margin: .4rem 0; border: 1px solid #8886; border-radius: .4rem; padding: .4rem .8rem }
summary { cursor: pointer } code, pre { font: 14px/1.4 ui-monospace, monospace }
pre { overflow-x: auto; background: #8882; padding: .6rem; border-radius: .4rem }
td { padding: .1rem 1rem .1rem 0; vertical-align: top } .scope { float: right; opacity: .7 }
b.GET { color: #06c } b.POST { color: #080 } b.PUT { color: #a60 } b.DELETE { color: #c00 }
:root { color-scheme: light dark }
"""


def page_of(document: Mapping[str, Any]) -> str:
    """*document*, which is OpenAPI, as HTML."""
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            shown = _operation(method.upper(), path, operation)
            groups.setdefault(operation["tags"][0], []).append(shown)
    parts = [f"<h2>{escape(group)}</h2>{''.join(shown)}" for group, shown in groups.items()]
    schemas = "".join(
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"<pre>{escape(json.dumps(schema, indent=2))}</pre></details>"
        for name, schema in document["components"]["schemas"].items()
    )
    info = document["info"]
    about = "".join(f"<p>{escape(part)}</p>" for part in info["description"].split("\n\n"))
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'>"
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>{about}"
        "<p>For machines: <a href=/openapi.json>/openapi.json</a>.</p>"
        f"{''.join(parts)}<h2>schemas</h2>{schemas}</html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    scope = operation.get("x-scope", "no key")
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']}"
        f"<td>{escape(one.get('description') or _kind(one['schema']))}"
        for one in operation["parameters"]
    )
    body = operation.get("requestBody")
    told = f"<p>Body: {_kind(_schema(body))}</p>" if body else ""
    answers = "".join(
        f"<tr><td>{escape(status)}<td>{escape(answer['description'])}<td>{_kind(_schema(answer))}"
        for status, answer in operation["responses"].items()
    )
    return (
        f'<details id="{escape(operation["operationId"])}"><summary>'
        f'<span class=scope>{escape(scope)}</span><b class="{method}">{method}</b> '
        f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
        f"<p>{escape(operation['description'])}</p><table>{rows}</table>{told}"
        f"<table>{answers}</table></details>"
    )


def _schema(said: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = next(iter(said["content"].values()))["schema"]
    return schema


def _kind(schema: Mapping[str, Any]) -> str:
    """In a few words, what *schema* says: a link to a message, or the type."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices:
        return " or ".join(_kind(one) for one in choices)
    if "enum" in schema:
        return escape(", ".join(map(str, schema["enum"])))
    return escape(str(schema.get("type", "anything")))
