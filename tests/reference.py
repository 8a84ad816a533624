"""Writes the reference pages from the code: `python -m tests.reference` (as `make docs` does)."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from pydantic import SecretStr

from eventlog.routines import shipped_routines
from schema.events import EVENT_TYPES, Event, graph, memory, session
from schema.events.shape import Shape
from service.analytics.questions import questions
from service.config import Settings, variable

DOCS = Path(__file__).parents[1] / "docs"
WRITTEN = "<!-- Written by `make docs` from the code. -->\n"


def pages() -> dict[Path, str]:
    """Each reference page and what it must hold."""
    return {
        DOCS / "events.md": events_page(),
        DOCS / "settings.md": settings_page(),
        DOCS / "questions.md": questions_page(),
        DOCS / "views.md": views_page(),
    }


def events_page() -> str:
    sections = "\n".join(_event_section(kind) for kind in EVENT_TYPES.values())
    values = "\n".join(_value_section(kind) for kind in _values())
    return f"""{WRITTEN}
# Events

What the log can hold. An *input* is the world's: a model's, a tool's, a caller's. A *decision* is
ours: verifying demands that it follows from what came before. A field equal to its default is not
stored. Ids, time and place of an event stand beside its data, in the columns of `eventlog.events`.

{sections}
# Values inside events

{values}"""


def settings_page() -> str:
    notes = _notes(Settings)
    rows = "\n".join(
        f"| `{variable(name)}` | {_default(field.default)} | {notes.get(name, '')} |"
        for name, field in Settings.model_fields.items()
    )
    return f"""{WRITTEN}
# Settings

Read once from the environment when a command starts; an empty variable counts as not set. A
variable that begins with `AGENT_RUNTIME_` and is not listed here is refused, so that a misspelt one
cannot go unnoticed.

| variable | default | |
|---|---|---|
{rows}
"""


def questions_page() -> str:
    sections = "\n".join(
        f"## {place}. {question.text}\n\n```sql\n{question.sql}\n```\n"
        for place, question in enumerate(questions(), 1)
    )
    return f"""{WRITTEN}
# Twenty questions

What people ask of their agents, each as it is asked of the views of schema `analytics`: paste one
into `agent-runtime sql "…"` or into a tool of your own, and change it. [analytics.md](analytics.md)
tells how to get in, [views.md](views.md) what each column means.

{sections}"""


def views_page() -> str:
    views = [routine for routine in shipped_routines() if "create or replace view" in routine.text]
    sections = "\n".join(_view_section(view.text) for view in views)
    return f"""{WRITTEN}
# Views

What stands in schema `analytics`, as the database itself tells it (`\\d+ analytics.sessions` in
psql). A column that stands here is never taken away and never changes its meaning.

{sections}"""


def _view_section(text: str) -> str:
    ((view, meaning),) = re.findall(r"comment on view (\S+) is '((?:[^']|'')+)';", text)
    columns = re.findall(r"comment on column \S+?\.\S+?\.(\S+) is '((?:[^']|'')+)';", text)
    rows = "".join(f"| `{name.strip(chr(34))}` | {_said(says)} |\n" for name, says in columns)
    return f"## `{view}`\n\n{_said(meaning)}\n\n| column | |\n|---|---|\n{rows}"


def _said(literal: str) -> str:
    """A text as SQL quotes it."""
    return literal.replace("''", "'").replace("|", "\\|")


def _event_section(kind: type[Event]) -> str:
    return (
        f"## `{kind.type}`\n\n{inspect.getdoc(kind)} *{kind.side.value.capitalize()}, "
        f"schema version {kind.schema_version}.*\n\n{_fields(kind)}"
    )


def _value_section(kind: type[msgspec.Struct]) -> str:
    return f"## {kind.__name__}\n\n{inspect.getdoc(kind)}\n\n{_fields(kind)}"


def _values() -> Iterator[type[msgspec.Struct]]:
    for module in (session, memory, graph):
        for kind in vars(module).values():
            is_shape = isinstance(kind, type) and issubclass(kind, Shape)
            if is_shape and kind.__module__ == module.__name__:
                yield kind


def _fields(kind: type[msgspec.Struct]) -> str:
    notes, hints = _notes(kind), get_type_hints(kind)
    rows = "".join(
        f"| `{field.name}` | {_type(hints[field.name])} | {_default(field.default)} "
        f"| {notes.get(field.name, '')} |\n"
        for field in msgspec.structs.fields(kind)
    )
    return f"| field | type | default | |\n|---|---|---|---|\n{rows}"


def _notes(kind: type) -> dict[str, str]:
    """The docstrings below a class's attributes."""
    source = textwrap.dedent(inspect.getsource(kind))
    body = ast.parse(source).body[0].body  # type: ignore[attr-defined]
    notes = {}
    for statement, below in pairwise(body):
        if isinstance(statement, ast.AnnAssign) and isinstance(below, ast.Expr):
            text = ast.literal_eval(below.value)
            notes[ast.unparse(statement.target)] = " ".join(text.split())
    return notes


_PREFIXES = (
    "typing.",
    "schema.events.session_shapes.",
    "schema.events.session.",
    "schema.events.memory.",
    "datetime.",
)


def _type(hint: Any) -> str:
    name = hint.__name__ if isinstance(hint, type) and not hasattr(hint, "__args__") else str(hint)
    for prefix in (
        "typing.",
        "schema.events.session_shapes.",
        "schema.events.session.",
        "schema.events.memory.",
        "datetime.",
    ):
        name = name.replace(prefix, "")
    if name.startswith("Optional["):
        name = f"{name[9:-1]} | None"
    return "`" + name.replace("|", "or") + "`"


def _default(value: Any) -> str:
    match value:
        case _ if value is msgspec.NODEFAULT:
            return "required"
        case None:
            return "none"
        case msgspec.Struct() | () | "" | SecretStr():
            return "empty" if value in ((), "") else "its defaults"
        case _:
            return f"`{value}`"


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text)
