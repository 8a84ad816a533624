"""`agent-runtime provenance`: what led to an event, or what an event led to."""

import re
from typing import Any, Final

from rich.console import Console

from eventlog.log import EventLog
from schema.errors import Invalid
from schema.ids import session_stream
from service.cli.console import counted, one_line, out, plain
from service.cli.exits import Exit
from service.cli.output import print_json, print_note
from service.cli.sessions import caught_up
from service.cli.telling import summary
from service.config import Settings
from service.replay.provenance import Direction, Link, Place, Traced, in_order, trace
from service.sessions import SHORT, find_session
from service.store import open_store

OF_A_MIND: Final = re.compile(r"(memory|graph)-(?P<agent>.+)@(?P<version>[0-9]+)")
OF_A_SESSION: Final = re.compile(r"(?P<session>.+)@(?P<version>[0-9]+)")
NEEDED: Final = ("sessions", "steps", "memory", "graph")
"""The projections whose rows tell of what lies between streams."""


async def show_provenance(
    settings: Settings, *, name: str, direction: Direction, limit: int, as_json: bool
) -> Exit:
    """Every event on the way, and the links between them."""
    async with open_store(settings) as log:
        stream, version = await _place(log, name)
        for projection in NEEDED:
            await caught_up(log, projection)
        traced = await trace(log, stream, version, direction, nodes_max=limit)
    if as_json:
        print_json(_message(traced))
    else:
        _print(out(), traced, direction)
    return Exit.DONE


async def _place(log: EventLog, name: str) -> Place:
    """The event that was typed: `SESSION@N`, or `memory-AGENT@N`, or `graph-AGENT@N`."""
    if found := OF_A_MIND.fullmatch(name):
        return name.rpartition("@")[0], int(found["version"])
    if found := OF_A_SESSION.fullmatch(name):
        session_id = await find_session(log, found["session"])
        return session_stream(session_id), int(found["version"])
    raise Invalid(
        "EVENT", f"{name!r} names no event: write SESSION@N, memory-AGENT@N, graph-AGENT@N"
    )


def _message(traced: Traced) -> dict[str, Any]:
    return {
        "start": _place_message(traced.start),
        "complete": traced.complete,
        "events": [
            {
                **_place_message((fact.stream, fact.version)),
                "id": fact.event_id,
                "type": fact.type,
                "agent": fact.agent_id,
                "actor": fact.metadata.actor,
                "recorded_at": fact.recorded_at,
                "summary": summary(fact.event),
            }
            for fact in in_order(traced.facts)
        ],
        "links": [_link_message(link) for link in traced.links],
    }


def _link_message(link: Link) -> dict[str, Any]:
    return {
        "cause": _place_message(link.cause),
        "effect": _place_message(link.effect),
        "why": link.why,
    }


def _place_message(place: Place) -> dict[str, Any]:
    return {"stream": place[0], "version": place[1]}


def _print(console: Console, traced: Traced, direction: Direction) -> None:
    """Each event in the order of the log, with the nearer ends of its links."""
    near = "cause" if direction == "backward" else "effect"
    whys: dict[Place, list[str]] = {}
    for link in traced.links:
        far = link.effect if direction == "backward" else link.cause
        whys.setdefault(getattr(link, near), []).append(f"{link.why} → {_named(far)}")
    for fact in in_order(traced.facts):
        place = (fact.stream, fact.version)
        mark = "*" if place == traced.start else " "
        console.print(
            plain(f"{mark} {_named(place):<22} {fact.type:<20}"), one_line(summary(fact.event))
        )
        for why in _told(whys.get(place, []), direction):
            console.print(plain(f"      {why}", "dim"))
    if not traced.complete:
        print_note(f"There is more than {counted(len(traced.facts), 'event')}: see --limit.")


def _told(whys: list[str], direction: Direction) -> list[str]:
    """A link reads as it runs: a cause leads on, an effect goes back."""
    return whys if direction == "backward" else [why.replace("→", "←") for why in whys]


def _named(place: Place) -> str:
    stream, version = place
    kind, _, rest = stream.partition("-")
    return f"{rest[-SHORT:] if kind == 'session' else stream}@{version}"
