"""The prompt: segments as a function of a session's own events, byte for byte.

The segments of a step are a prefix of those of the next one, so a provider's cache serves all
that was sent before, and a chained digest proves the whole prompt in linear time.
"""

import hashlib
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict, replace

from schema import events, json_text
from schema.completions import CallResult, CompletionRequest, Segment
from schema.events import Erased, Protocol, ToolReturned, ToolSpec
from service.agent.graph_text import graph_text
from service.agent.memory_text import memory_text
from service.agent.parse import Action, render
from service.agent.reading import Reading, read
from service.agent.session import SessionState
from service.agent.shared import Shared
from service.agent.turn import Turn


class Prompt(Struct, frozen=True):
    """All that the model is told before a step."""

    segments: Shared[Segment]
    digest: bytes
    """Chained and keyed by the session's salt, over the request's head and every segment."""
    turns: int = 0
    """How many turns of the session stand in it."""
    model: str = ""
    """Which is asked, as `provider:model`; the digest begins with it."""


def prompt_of(state: SessionState) -> Prompt:
    """The prompt of *state*'s next step, built from nothing."""
    if state.started is None:
        return Prompt(Shared(), b"")
    return extend(begin(state.started, state.recalled, state.graph, state.model), state)


def begin(
    started: events.SessionStarted,
    recalled: events.MemoryRecalled | None = None,
    graph: events.GraphRecalled | None = None,
    model: str | None = None,
) -> Prompt:
    """What stands before the first step: system prompt, tools, memories, graph, task.

    *model* is the one that's asked, if it's not the one that the session began with. The graph
    comes behind working memory: it tells of what the task names, so it is next to that.
    """
    model = model or started.model
    digest = hashlib.sha256()
    for part in (started.salt, str(started.rules), head_text(started, model)):
        _feed(digest, part.encode())
    prompt = Prompt(Shared(), digest.digest(), model=model)
    return _told(prompt, _opening(started, recalled, graph))


def extend(prompt: Prompt, state: SessionState) -> Prompt:
    """*prompt* with the turns of *state* that it lacks; every call in them has returned."""
    if state.started is None or state.turn is None or prompt.turns > len(state.turns):
        return prompt
    segments = [
        segment
        for turn in (*state.turns[prompt.turns :], state.turn)
        for segment in _turn(turn, state.started)
    ]
    grown = _told(prompt, segments)
    return replace(grown, turns=len(state.turns) + 1)


def request(prompt: Prompt, started: events.SessionStarted) -> CompletionRequest:
    """*prompt*, as it goes to the provider."""
    head = _head(started, prompt.model)
    return replace(head, segments=prompt.segments, step=prompt.turns + 1)


def head_text(started: events.SessionStarted, model: str | None = None) -> str:
    """What of every request of a session shapes the answer, as JSON: the digest begins with it."""
    head = asdict(_head(started, model or started.model))
    return json_text.encode({name: head[name] for name in _SHAPING})


# ---- the request -----------------------------------------------------------------------------


_SHAPING: Final = ("model", "segments", "tools", "sampling", "timeout_s")
"""In this order they are digested; what only says who asks is none of them."""
_STOP: Final = ("Observation:", "\n\nTask:")
"""A small model goes on with what it saw in the examples."""


def _head(started: events.SessionStarted, model: str) -> CompletionRequest:
    native = started.protocol is Protocol.NATIVE
    sampling = started.sampling
    if not native:
        sampling = events.Sampling(
            temperature=sampling.temperature,
            max_output_tokens=sampling.max_output_tokens,
            stop=(*_STOP, *sampling.stop),
        )
    provider, _, name = model.partition(":")
    return CompletionRequest(
        model=name,
        provider=provider,
        segments=(),
        tools=started.tools if native else (),
        sampling=sampling,
        timeout_s=started.limits.completion_timeout_s,
    )


def _told(prompt: Prompt, segments: list[Segment]) -> Prompt:
    """*prompt* with *segments* behind it: d_k = H(d_{k-1} ‖ length ‖ segment_k)."""
    told, digest = prompt.segments, prompt.digest
    for segment in segments:
        link = hashlib.sha256(digest)
        _feed(link, json_text.encode(segment).encode())
        told, digest = told.append(segment), link.digest()
    return replace(prompt, segments=told, digest=digest)


def _feed(digest: "hashlib._Hash", part: bytes) -> None:
    """Add *part* behind its length, so that no two lists of parts read the same."""
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)


# ---- before the first step -------------------------------------------------------------------


def _opening(
    started: events.SessionStarted,
    recalled: events.MemoryRecalled | None,
    graph: events.GraphRecalled | None,
) -> list[Segment]:
    if started.protocol is Protocol.NATIVE:
        system, task = started.system_prompt, started.prompt
    else:
        system = f"{started.system_prompt}\n\n{_instructions(started.tools)}"
        task = f"\nTask: {started.prompt}\n"
    opening = [
        Segment(role="system", text=system),
        Segment(role="user", text="" if recalled is None else memory_text(recalled)),
        Segment(role="user", text="" if graph is None else graph_text(graph)),
        Segment(role="user", text=task),
    ]
    return [segment for segment in opening if segment.text]


def _instructions(tools: tuple[ToolSpec, ...]) -> str:
    """The text protocol, said to the model."""
    if not tools:
        return _ANSWER_FORMAT
    listed = "\n".join(
        f"- {tool.name}: {tool.description} Arguments: {json_text.encode(tool.parameters)}"
        for tool in tools
    )
    return f"Tools:\n{listed}\n\n{_FORMAT}{_examples(tools)}"


_FORMAT: Final = """\
Answer the task step by step. Each step is one of these two:

Thought: <why>
Action: <tool> <arguments as JSON>

Thought: <why>
FINAL_ANSWER: <the answer>

After an action, stop: an observation will follow.
"""

_ANSWER_FORMAT: Final = """\
Answer the task in this form:

Thought: <why>
FINAL_ANSWER: <the answer>
"""

_EXAMPLES_MAX: Final = 6


def _examples(tools: tuple[ToolSpec, ...]) -> str:
    """What the tools' authors show, the first tool last: a small model copies what is nearest."""
    shown = [_example(tool, example) for tool in tools for example in reversed(tool.examples)]
    return "".join(reversed(shown[:_EXAMPLES_MAX]))


def _example(tool: ToolSpec, example: events.ToolExample) -> str:
    step = render(f"I will use {tool.name}.", Action(tool.name, example.arguments))
    observation = json_text.encode({"ok": True, "data": example.result})
    answer = example.result
    if not isinstance(answer, str):
        answer = json_text.encode(answer)
    return (
        f"\nTask: {example.task}\n{step}Observation: {observation}\n"
        f"Thought: I know the answer.\nFINAL_ANSWER: {answer}\n"
    )


# ---- the steps so far ------------------------------------------------------------------------


def _turn(turn: Turn, started: events.SessionStarted) -> list[Segment]:
    """What was said in *turn*, and what came back."""
    if isinstance(turn.completion, Erased):
        return [Segment(role="user", text="Observation: this step was erased.\n")]
    native = started.protocol is Protocol.NATIVE
    reading = read(turn.completion, started.limits, native=native)
    if turn.completion.calls:
        return _native_turn(turn, turn.completion, reading)
    said = _said(turn.completion, reading, native=native)
    if reading.problem is not None:
        observations = [_mistake(reading.problem)]
    else:
        observations = [_observation(back) for back in turn.returns]
    return said + [
        Segment(role="user", text=f"Observation: {observation}\n") for observation in observations
    ]


def _said(
    completion: events.CompletionReceived, reading: Reading, *, native: bool
) -> list[Segment]:
    """The part of the text that counted; a provider takes no empty segment."""
    text = completion.text[: reading.counted]
    if not text.strip() and not completion.blocks:
        return []
    if not native:
        text = text.rstrip() + "\n"
    return [Segment(role="assistant", text=text, blocks=completion.blocks)]


def _native_turn(
    turn: Turn, completion: events.CompletionReceived, reading: Reading
) -> list[Segment]:
    """The calls of one turn, and in one segment the result of each of them."""
    if reading.problem is not None:
        backs = [(_mistake(reading.problem), False)] * len(completion.calls)
    else:
        backs = [(_observation(back), _is_ok(back)) for back in turn.returns]
    results = tuple(
        CallResult(id=call.id, name=call.name, observation=observation, ok=ok)
        for call, (observation, ok) in zip(completion.calls, backs, strict=True)
    )
    said = Segment(
        role="assistant", text=completion.text, calls=completion.calls, blocks=completion.blocks
    )
    return [said, Segment(role="user", results=results)]


def _mistake(problem: str) -> str:
    """What the model is told of its own."""
    return json_text.encode({"ok": False, "error": problem, "kind": "permanent"})


def _observation(back: ToolReturned | Erased | None) -> str:
    return back.observation if isinstance(back, ToolReturned) else _ERASED


def _is_ok(back: ToolReturned | Erased | None) -> bool:
    return isinstance(back, ToolReturned) and back.ok


_ERASED: Final = _mistake("erased")
