"""Reads the turns of a conversation, in whatever shape somebody wrote them down."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace

from schema.errors import Invalid
from service.bench.retrieval.shapes import Turn

IDS: Final = ("id", "dia_id", "turn_id", "uuid", "index")
TEXTS: Final = ("text", "content", "utterance", "message")
SPEAKERS: Final = ("speaker", "role", "author", "name")
SESSIONS: Final = ("session", "session_id")
TIMES: Final = ("timestamp", "date", "date_time", "datetime", "time", "created_at")
TURNS: Final = ("turns", "messages", "dialogue", "dialog", "conversation", "history", "sessions")

_FORMATS: Final = ("%I:%M %p on %d %B, %Y", "%Y/%m/%d (%a) %H:%M", "%d %B, %Y", "%B %d, %Y")
_MS_FROM: Final = 1e11
"""So many seconds after 1970 is the year 5138: what is greater counts milliseconds."""


def turns_of(conversation: Any, where: str) -> tuple[Turn, ...]:
    """The turns of *conversation* in their order; `Invalid` names what is no turn, by *where*."""
    turns = tuple(_walked(conversation, where, None, None))
    if not turns:
        raise Invalid(where, "has no turns")
    return turns


def first_of(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """What stands under the first of *names* that has something; None under none."""
    return next((value[name] for name in names if value.get(name) is not None), None)


def _walked(
    value: Any, where: str, session: str | None, timestamp: datetime | None
) -> Iterator[Turn]:
    """The turns in *value*: a text, a turn, a list of these or of sessions, or an object of them.

    They are of *session* and *timestamp* unless they say otherwise.
    """
    if isinstance(value, str):
        yield _checked(Turn(text=value, session=session, timestamp=timestamp), where)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            inside = f"{place + 1}" if _is_session(inner) else session
            yield from _walked(inner, f"{where}[{place}]", inside, timestamp)
    elif isinstance(value, dict) and isinstance(first_of(value, TEXTS), str):
        yield _checked(_turn(value, session, timestamp), where)
    elif isinstance(value, dict):
        yield from _sessions(value, where, timestamp)
    else:
        raise Invalid(where, f"is neither a text nor an object with one of {', '.join(TEXTS)}")


def _is_session(value: Any) -> bool:
    """Whether it holds turns, rather than being one."""
    return isinstance(value, list) or (isinstance(value, dict) and first_of(value, TEXTS) is None)


def _sessions(value: dict[str, Any], where: str, timestamp: datetime | None) -> Iterator[Turn]:
    """The turns of an object whose lists are sessions: `session_2` comes before `session_10`.

    Beside it may stand when it was, as `date` or, of each list, `session_2_date_time`.
    """
    lists = sorted((name for name in value if isinstance(value[name], list)), key=_natural)
    if not lists:
        raise Invalid(where, f"has none of {', '.join((*TEXTS, *TURNS))}, and no list of turns")
    timestamp = moment(first_of(value, TIMES)) or timestamp
    for name in lists:
        named = first_of(value, (*SESSIONS, *IDS)) if name in TURNS else name
        began = moment(value.get(f"{name}_date_time")) or timestamp
        session = None if named is None else str(named)
        yield from _walked(value[name], f"{where}.{name}", session, began)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part or -1), "") if part.isdigit() else (0, part)
            for part in re.split(r"(\d+)", name)]  # fmt: skip


def _turn(value: dict[str, Any], session: str | None, timestamp: datetime | None) -> Turn:
    speaker, part = first_of(value, SPEAKERS), first_of(value, SESSIONS)
    return Turn(
        ids=tuple(str(value[name]) for name in IDS if isinstance(value.get(name), str | int)),
        text=first_of(value, TEXTS),
        speaker=speaker if isinstance(speaker, str) and speaker.strip() else None,
        session=session if part is None else str(part),
        timestamp=moment(first_of(value, TIMES)) or timestamp,
    )


def _checked(turn: Turn, where: str) -> Turn:
    if not turn.content.strip():
        raise Invalid(where, "says nothing")
    return replace(turn, text=turn.text.strip())


def moment(value: Any) -> datetime | None:
    """When that is: ISO 8601, seconds or milliseconds since 1970, or a few common ways to write it.

    None where it is no time that we know to read; nothing but a place in time hangs on it.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        if isinstance(value, str):
            read = _written(value.strip())
        else:
            read = datetime.fromtimestamp(value / 1000 if value > _MS_FROM else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def _written(text: str) -> datetime:
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return datetime.fromisoformat(text)
