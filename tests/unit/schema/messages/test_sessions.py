"""`StartSession`: what it takes, what it refuses by its field's name, its defaults."""

import math

import msgspec
import pytest
from annotated_types import Le
from hypothesis import given
from hypothesis import strategies as st

from eventlog.members import StreamAppend, prepare
from schema import events
from schema.envelope import Metadata
from schema.errors import Invalid
from schema.events import AgentDefined, Limits, MemoryPolicy, RecallPolicy, Sampling
from schema.ids import new_session_id, session_stream
from schema.messages.checked import checked
from schema.messages.sessions import SessionLimits, SessionSampling, Settled, StartSession

LEAST = {"agent": "a-1", "prompt": "find the leak", "model": "scripted:x"}


def test_the_least_that_starts_a_session():
    command = checked(StartSession, LEAST)

    assert (command.tools, command.protocol) == ((), "auto")
    assert command.system_prompt == "You are a helpful AI agent."


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"agent": "A 1"}, "agent"),
        ({"agent": "a" * 65}, "agent"),
        ({"prompt": " \n"}, "prompt"),
        ({"model": "smollm2"}, "model"),
        ({"model": ":x"}, "model"),
        ({"model": "local:"}, "model"),
        ({"tools": "calculator"}, "tools"),
        ({"limits": {"max_iterations": 0}}, "limits.max_iterations"),
        ({"limits": {"tool_timeout_s": math.inf}}, "limits.tool_timeout_s"),
        ({"limits": {"session_timeout_s": math.nan}}, "limits.session_timeout_s"),
        ({"sampling": {"temperature": math.nan}}, "sampling.temperature"),
        ({"sampling": {"stop": [""]}}, "sampling.stop.0"),
        ({"protocol": "morse"}, "protocol"),
        ({"promt": "x"}, "promt"),
        ({"memory": {"max_memory_recalls": -1}}, "memory.max_memory_recalls"),
        ({"memory": {"working_capacity": 0}}, "memory.working_capacity"),
        ({"memory": {"capacity": 5}}, "memory"),
        ({"memory": {"eviction": "oldest"}}, "memory"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(values: dict[str, object], field: str):
    with pytest.raises(Invalid) as refused:
        checked(StartSession, {**LEAST, **values})

    assert refused.value.field == field


def test_a_refusal_does_not_repeat_what_was_sent():
    with pytest.raises(Invalid) as refused:
        checked(StartSession, {**LEAST, "tools": "a-secret"})

    assert "a-secret" not in str(refused.value)
    assert refused.value.__context__ is None


@given(st.text(st.characters(codec=None), min_size=1).filter(str.strip))
def test_any_text_may_be_a_prompt(text: str):
    assert checked(StartSession, {**LEAST, "prompt": text}).prompt == text


async def test_the_longest_observation_fits_in_an_event():
    field = SessionLimits.model_fields["observation_bytes_max"]
    (most,) = [part.le for part in field.metadata if isinstance(part, Le)]
    assert isinstance(most, int)
    quotes = '{"ok":true,"data":"' + '\\"' * (most // 2) + '"}'
    returned = events.ToolReturned(
        call_id="1000.255", ok=False, observation=quotes, kind="not_found", digest="0" * 64
    )
    stream = session_stream(new_session_id("ada"))
    prepare("ada", [StreamAppend(stream, 0, [returned])], Metadata())
    with pytest.raises(Invalid, match="observation_bytes_max"):
        checked(StartSession, {**LEAST, "limits": {"observation_bytes_max": most + 1}})


def test_the_defaults_are_those_of_the_events():
    assert SessionLimits().as_shape() == Limits()
    assert SessionSampling().as_shape() == Sampling()
    assert SessionLimits.model_fields.keys() == {f.name for f in msgspec.structs.fields(Limits)}
    assert SessionSampling.model_fields.keys() == {f.name for f in msgspec.structs.fields(Sampling)}


DEFINED = events.AgentDefined(
    model="local:small",
    system_prompt="Be brief.",
    tools=("now",),
    limits=Limits(max_iterations=3, calls_max=2),
    sampling=Sampling(temperature=0.5, max_output_tokens=9),
    protocol="text",
    memory=MemoryPolicy(capacity=5, half_life_hours=72.0, max_memory_recalls=1),
)


def settled(definition: AgentDefined | None = DEFINED, **said: object) -> Settled:
    return checked(StartSession, {"agent": "a-1", "prompt": "x", **said}).settled(definition)


def test_what_is_left_out_is_as_the_definition_has_it():
    begun = settled()
    assert msgspec.structs.asdict(begun) == {
        name: getattr(DEFINED, name) for name in begun.__struct_fields__
    }


def test_what_is_said_wins_field_by_field():
    begun = settled(
        model="local:large",
        tools=[],
        limits={"calls_max": 16},
        sampling={"temperature": 0},
        protocol="auto",
        system_prompt="You are a helpful AI agent.",
        memory={"max_memory_recalls": 3, "recall": {"policy": "importance"}},
    )
    assert (begun.model, begun.tools, begun.protocol) == ("local:large", (), "auto")
    assert begun.system_prompt == "You are a helpful AI agent."
    assert begun.limits == Limits(max_iterations=3, calls_max=16)
    assert begun.sampling == Sampling(temperature=0, max_output_tokens=9)
    assert begun.memory == MemoryPolicy(
        capacity=5,
        half_life_hours=72.0,
        max_memory_recalls=3,
        recall=RecallPolicy(policy="importance"),
    )


def test_without_a_definition_the_defaults_count_and_a_model_must_be_said():
    begun = settled(None, model="local:x")
    assert (begun.limits, begun.sampling, begun.memory) == (Limits(), Sampling(), MemoryPolicy())
    with pytest.raises(Invalid, match="a-1") as refused:
        settled(None)
    assert refused.value.field == "model"


def test_a_session_may_be_started_without_memory():
    assert settled(memory=None).memory is None
