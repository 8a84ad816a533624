"""Every event that was ever written can be read, and is written the same again."""

from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from schema import events, json_text
from schema.errors import UnknownEvent
from schema.events import registry
from tests.corpus.write import HERE

FILES = sorted((HERE / "events").glob("*.json"))


@pytest.mark.parametrize("event_type", events.EVENT_TYPES.values(), ids=lambda t: t.type)
def test_every_registered_shape_is_in_the_corpus(event_type: type[events.Event]):
    names = {file.name for file in FILES}
    for version in range(1, event_type.schema_version + 1):
        assert f"{event_type.type}.{version}.json" in names


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_stored_shape_is_read_and_todays_is_written_the_same(file: Path):
    event_type, version, _ = file.name.split(".")
    stored = file.read_text().rstrip("\n")
    event = events.decode(event_type, int(version), stored)
    assert type(event) is events.EVENT_TYPES[event_type]
    if int(version) == event.schema_version:
        assert json_text.encode(event) == stored


class Moved(events.Event, frozen=True, kw_only=True):
    """An event whose shape changed twice."""

    type: ClassVar[str] = "moved"
    schema_version: ClassVar[int] = 3

    place: str
    steps: int


def moved_1(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 called the place `where`."""
    return {"place": data["where"]}


def moved_2(data: dict[str, Any]) -> dict[str, Any]:
    """Version 2 did not count."""
    return {**data, "steps": 1}


@pytest.fixture
def _moved(monkeypatch: pytest.MonkeyPatch) -> None:
    lifts = {("moved", 1): moved_1, ("moved", 2): moved_2}
    monkeypatch.setattr(registry, "UPCASTERS", MappingProxyType(lifts))
    known = MappingProxyType({**registry.EVENT_TYPES, "moved": Moved})
    monkeypatch.setattr(registry, "EVENT_TYPES", known)


@pytest.mark.usefixtures("_moved")
@pytest.mark.parametrize(
    ("version", "stored", "steps"),
    [
        (1, '{"where":"here"}', 1),
        (2, '{"place":"here"}', 1),
        (3, '{"place":"here","steps":7}', 7),
    ],
)
def test_an_old_shape_is_lifted_version_by_version(version: int, stored: str, steps: int):
    assert events.decode("moved", version, stored) == Moved(place="here", steps=steps)


@pytest.mark.usefixtures("_moved")
def test_a_shape_from_the_future_is_refused():
    with pytest.raises(UnknownEvent, match="newer program"):
        events.decode("moved", 4, "{}")


def test_defaults_are_history_too_and_never_change():
    """A field that equals its default is not stored, so its default is what old events mean."""
    assert events.Limits() == events.Limits(
        max_iterations=10,
        unreadable_max=2,
        calls_max=16,
        completion_timeout_s=120.0,
        tool_timeout_s=30.0,
        session_timeout_s=1800.0,
        observation_bytes_max=65536,
    )
    assert events.Sampling() == events.Sampling(temperature=0.0, max_output_tokens=1024, stop=())
    start = events.SessionStarted(agent_id="a", prompt="p", model="m:n", salt="")
    assert (start.protocol, start.rules, start.epoch) == (events.Protocol.TEXT, 1, 1)
    assert start.system_prompt == "You are a helpful AI agent."
