"""A model out of a file."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schema.completions import Completion, CompletionRequest, Segment
from schema.errors import Invalid, ProviderRefused, ProviderUnavailable
from schema.events import RequestedCall, Usage
from service.providers import scripted
from service.providers.scripted import ScriptedProvider

Write = Callable[..., ScriptedProvider]


@pytest.fixture
def script(tmp_path: Path) -> Write:
    def write(*lines: Any) -> ScriptedProvider:
        file = tmp_path / "script.jsonl"
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        file.write_text("\n".join(texts))
        return ScriptedProvider(file)

    return write


def request(step: int = 1, *, session: str = "", timeout_s: float = 5.0) -> CompletionRequest:
    """What a session asks for its step."""
    opening = [Segment(role="user", text="go")]
    return CompletionRequest(
        model="script", segments=opening, timeout_s=timeout_s, step=step, session=session
    )


async def said(provider: ScriptedProvider, asked: CompletionRequest) -> Completion:
    return await provider.complete(asked, lambda _: None)


async def test_a_line_is_a_whole_completion(script: Write):
    calls = [{"name": "calculator", "arguments": {"expression": "17*23"}}]
    usage = {"input_tokens": 5, "output_tokens": 2}
    provider = script({"text": "Let me see", "tool_calls": calls, "usage": usage})
    assert await said(provider, request()) == Completion(
        text="Let me see",
        calls=(
            RequestedCall(id="call_1_0", name="calculator", arguments='{"expression":"17*23"}'),
        ),
        stop_reason="tool_calls",
        model="scripted",
        usage=Usage(input_tokens=5, output_tokens=2),
    )


async def test_the_line_follows_from_the_step_whatever_was_said_before(script: Write):
    provider = script({"text": "one"}, "", {"text": ""}, {"text": "three"}, "")
    assert [(await said(provider, request(step))).text for step in (2, 3, 1)] == [
        "",
        "three",
        "one",
    ]


async def test_an_error_is_answered_once_and_the_next_line_to_the_next_try(script: Write):
    busy = {"error": {"status": 429}}
    provider = script({"text": "one"}, busy, busy, {"text": "two"}, busy, {"text": "three"})

    async def played(step: int, session: str) -> str:
        try:
            return (await said(provider, request(step, session=session))).text
        except ProviderUnavailable:
            return "busy"

    assert await played(1, "a") == "one"
    assert [await played(2, session) for session in "abaab"] == ["busy"] * 2 + [
        *("busy", "two", "busy")
    ]
    assert [await played(3, "a"), await played(2, "b")] == ["busy", "two"]
    assert [await played(3, "b"), await played(3, "a"), await played(3, "b")] == [
        *("busy", "three", "three")
    ]
    assert not provider._played


async def test_what_is_kept_of_sessions_that_were_given_up_is_bounded(
    script: Write, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(scripted, "SESSIONS_MAX", 3)
    provider = script({"error": {"status": 503}}, {"text": "one"})
    for number in range(5):
        with pytest.raises(ProviderUnavailable):
            await said(provider, request(session=str(number)))
    assert list(provider._played) == ["2", "3", "4"]


async def test_an_exhausted_script_is_refused(script: Write):
    with pytest.raises(ProviderRefused, match=r"exhausted.*1 answers.*step 2"):
        await said(script({"text": "one"}), request(2))


async def test_a_script_that_ends_in_errors_is_exhausted_behind_them(script: Write):
    provider = script({"text": "one"}, {"error": {"status": 503}})
    with pytest.raises(ProviderUnavailable):
        await said(provider, request(2))
    with pytest.raises(ProviderRefused, match="exhausted"):
        await said(provider, request(2))


async def test_the_text_comes_as_deltas(script: Write):
    deltas: list[str] = []
    text = "a sentence that is longer than one delta is, wíth ünïcode 🎈"
    await script({"text": text}).complete(request(), deltas.append)
    assert len(deltas) > 1
    assert "".join(deltas) == text


async def test_a_written_error_is_the_error_of_that_status(script: Write):
    provider = script({"error": {"status": 529, "retry_after_s": 2}}, {"error": {"status": 400}})
    with pytest.raises(ProviderUnavailable) as unavailable:
        await said(provider, request())
    assert (unavailable.value.status, unavailable.value.retry_after_s) == (529, 2.0)
    with pytest.raises(ProviderRefused, match="400"):
        await said(provider, request())


async def test_a_delay_beyond_the_time_out_gives_up(script: Write):
    with pytest.raises(ProviderUnavailable, match=r"0\.01 s"):
        await said(script({"text": "late", "delay_s": 60}), request(timeout_s=0.01))


async def test_a_delay_does_not_hold_up_other_sessions(script: Write):
    provider = script({"delay_s": 60}, {"text": "at once"})
    slow = asyncio.ensure_future(said(provider, request()))
    assert (await said(provider, request(2))).text == "at once"
    slow.cancel()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "no JSON"),
        ("[]", "line 2"),
        ({"txt": "typo"}, "txt"),
        ({"delay_s": -1}, "delay_s"),
        ({"delay_s": "NaN"}, "delay_s"),
        ({"error": {"status": 200}}, "error.status"),
        ({"tool_calls": [{"arguments": {}}]}, "tool_calls.0.name"),
        ({"usage": {"input_tokens": -1}}, "usage.input_tokens"),
    ],
)
def test_a_wrong_line_is_named(script: Write, line: Any, what: str):
    with pytest.raises(Invalid, match="line 2") as refused:
        script({"text": "fine"}, line)
    assert refused.value.field == "model"
    assert what in str(refused.value)


def test_a_script_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(Invalid, match="cannot be read"):
        ScriptedProvider(tmp_path / "none.jsonl")


def test_a_script_that_was_edited_is_read_again(script: Write):
    assert len(script({"text": "one"})._script.steps) == 1
    assert len(script({"text": "one"}, {"text": "two"})._script.steps) == 2


@pytest.mark.parametrize(
    ("line", "native"),
    [
        ({"text": "hello"}, True),
        ({"tool_calls": [{"name": "now", "arguments": {}}]}, True),
        ({"text": "Thought: I know\nFINAL_ANSWER: 391"}, False),
        ({"text": "Action: now[{}]"}, False),
    ],
)
def test_a_script_speaks_the_protocol_that_it_is_written_in(script: Write, line: Any, native: bool):
    assert script(line).native_tools is native


async def test_a_lone_surrogate_survives(script: Write):
    assert (await said(script('{"text": "\\ud800"}'), request())).text == "\ud800"
