"""Events for benches: of a stated size, and whole sessions of them."""

from collections.abc import Iterator
from typing import Final

from schema import json_text
from schema.events import (
    CompletionReceived,
    Event,
    SessionCompleted,
    SessionStarted,
    ToolCalled,
    ToolReturned,
    Usage,
)

EVENT_BYTES: Final = 1024
"""Of the data of an event in a bench that speaks of 1 KB events."""

_WORDS: Final = "The valve on line seven was closed at noon; pressure fell slowly, then held. "


def text_of(size_bytes: int) -> str:
    """Prose of that length."""
    return (_WORDS * (size_bytes // len(_WORDS) + 1))[:size_bytes]


def kilobyte_event() -> Event:
    """A `tool_returned` whose data has `EVENT_BYTES`."""
    bare = ToolReturned(call_id="1.0", ok=True, observation="", latency_ms=1.5)
    missing = EVENT_BYTES - len(json_text.encode(bare))
    return ToolReturned(call_id="1.0", ok=True, observation=text_of(missing), latency_ms=1.5)


def whole_session(steps: int, text_bytes: int) -> Iterator[Event]:
    """Started, then *steps* steps with one tool call each, completed: 3 × *steps* + 2 events.

    What the model says and what the tool observes has *text_bytes* each.
    """
    yield SessionStarted(agent_id="bench", prompt="Find it.", model="scripted:bench", salt="0" * 32)
    for step in range(1, steps + 1):
        yield _completion(step, text_of(text_bytes))
        yield ToolCalled(call_id=f"{step}.0", tool="look", arguments={"place": f"shelf {step}"})
        yield ToolReturned(
            call_id=f"{step}.0", ok=True, observation=text_of(text_bytes), latency_ms=1.5
        )
    yield SessionCompleted(answer="It was in the cellar.")


def _completion(step: int, text: str) -> CompletionReceived:
    return CompletionReceived(
        step=step,
        text=text,
        model="scripted",
        usage=Usage(input_tokens=1000 + step, output_tokens=90),
        latency_ms=850.0,
        prompt_digest="0" * 64,
    )
