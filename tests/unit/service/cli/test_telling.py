"""An event in words."""

import pytest
from msgspec.structs import replace

from schema import events
from schema.events import Effect, Erased, Event, Protocol
from service.cli.telling import SUMMARY_CHARACTERS_MAX, summary, told
from tests.minds import AT

SAID = events.CompletionReceived(
    step=2,
    text='Thought: Look.\nAction: grep {"pattern": "malloc"}\n',
    model="m",
    prompt_digest="0" * 64,
)
ANSWERED = events.CompletionReceived(step=3, text="It was x.", model="m", prompt_digest="0" * 64)
ITEM = events.RecalledItem(
    id="0198c0de-7a4e-7f3a-8000-3b1c5d9e2f40",
    kind="episode",
    content="Ana is 40.",
    score=1.0,
    parts={},
    importance=0.5,
    timestamp=AT,
)
RECALLED = events.MemoryRecalled(
    query="Ana?", policy=events.MemoryPolicy(), version=1, at=AT, items=(ITEM,)
)
KNOWN = events.GraphRecalled(
    version=7,
    at=AT,
    policy=events.GraphPolicy(),
    entities=(events.KnownEntity(id="ana", label="person", properties={"age": 40}),),
    relationships=(
        events.KnownRelationship(source="ana", target="acme", kind="works at"),
        events.KnownRelationship(source="ana", target="ana", kind="likes", weight=0.5),
    ),
)


def words(event: Event, protocol: Protocol = Protocol.TEXT) -> list[tuple[str, str]]:
    return [(line.label, line.text) for line in told(event, protocol)]


def test_of_a_text_only_the_thought_is_told_since_the_action_follows():
    assert words(SAID) == [("step", "2"), ("thought", "Look.")]


def test_a_text_that_could_not_be_read_is_told_whole():
    assert words(ANSWERED) == [("step", "3"), ("thought", "It was x.")]


def test_a_native_answer_is_told_once():
    assert words(ANSWERED, Protocol.NATIVE) == [("step", "3")]


@pytest.mark.parametrize(
    ("event", "label", "text"),
    [
        (
            events.ToolCalled(call_id="2.0", tool="grep", arguments={"n": 1}, effect=Effect.PURE),
            "action",
            'grep {"n":1}',
        ),
        (events.ToolReturned(call_id="2.0", ok=True, observation="{}"), "observation", "{}"),
        (RECALLED, "recalled", "1 memory at version 1\n…5d9e2f40  1.000  Ana is 40."),
        (
            KNOWN,
            "known",
            """1 entity, 2 relationships at version 7
ana (person) {"age":40}
ana — works at → acme
ana — likes → ana (0.5)""",
        ),
        (events.SessionCompleted(answer="x"), "answer", "x"),
        (events.SessionFailed(cause="deadline", detail="up"), "failed", "deadline: up"),
        (events.SessionCancelled(reason="enough"), "cancelled", "enough"),
        (
            events.FallbackChosen(step=1, model="m:2", cause="timeout"),
            "fallback",
            "m:2 is asked from here on",
        ),
        (
            events.AnswerWithheld(step=1, stage="mask", code="no", detail="it names Ana"),
            "withheld",
            "it names Ana",
        ),
        (
            Erased(erased_type="tool_returned"),
            "erased",
            "the data of this tool_returned was erased",
        ),
    ],
)
def test_what_happened_is_told_under_its_name(event: Event, label: str, text: str):
    assert words(event) == [(label, text)]


@pytest.mark.parametrize("event_type", events.EVENT_TYPES.values())
def test_every_kind_of_event_has_a_summary_of_one_line(event_type: type[Event]):
    erased = Erased(erased_type=event_type.type)

    assert summary(erased) == "(erased)"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (SAID, "Look."),
        (ANSWERED, "It was x."),
        (
            events.ToolCalled(call_id="2.0", tool="grep", arguments={"n": 1}, effect=Effect.PURE),
            'grep {"n":1}',
        ),
        (events.ToolReturned(call_id="2.0", ok=True, observation="391"), "→ 391"),
        (events.SessionCompleted(answer="a\nb"), "a b"),
    ],
)
def test_a_summary_says_what_matters(event: Event, said: str):
    assert summary(event) == said


def test_a_summary_is_one_line_and_cut_where_it_is_long():
    event = events.SessionCompleted(answer="a\nb" * SUMMARY_CHARACTERS_MAX)

    assert len(summary(event)) == SUMMARY_CHARACTERS_MAX + 1
    assert "\n" not in summary(event)


def test_what_was_recalled_is_told_once_and_nothing_where_nothing_was():
    assert words(replace(RECALLED, call_id="1.0")) == []
    assert words(replace(RECALLED, items=())) == []
    assert words(replace(RECALLED, items=(replace(ITEM, told=False),))) == []


def test_what_the_graph_held_is_told_once_and_nothing_where_nothing_was():
    assert words(replace(KNOWN, call_id="1.0")) == []
    assert words(replace(KNOWN, entities=(), relationships=())) == []


def test_what_did_not_fit_is_counted():
    untold = replace(KNOWN.entities[0], told=False)
    (((_, text)),) = words(replace(KNOWN, entities=(untold,)))
    assert text.splitlines()[0] == ("0 entities, 2 relationships at version 7; 1 more did not fit")
    two = replace(RECALLED, items=(ITEM, replace(ITEM, told=False)))
    (((_, text)),) = words(two)
    assert text.splitlines()[0] == "1 memory at version 1; 1 more did not fit"


def test_a_text_of_many_lines_is_one_line_of_what_was_recalled():
    (((_, text)),) = words(replace(RECALLED, items=(replace(ITEM, content="a\n\tb"),)))
    assert text.splitlines()[1] == "…5d9e2f40  1.000  a b"
