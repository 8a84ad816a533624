"""A model that says what a file tells it to, for tests and demonstrations."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, NonNegativeInt, ValidationError

from schema import json_text
from schema.completions import Completion, CompletionRequest
from schema.errors import Invalid, ProviderRefused, ProviderUnavailable
from schema.events import RequestedCall, Usage
from service.providers import faults
from service.providers.base import OnDelta

SCRIPT_BYTES_MAX: Final = 64 << 20
DELAY_S_MAX: Final = 3600.0
DELTA_CHARS: Final = 24
SCRIPTS_MAX: Final = 32
"""How many parsed scripts are kept."""
SESSIONS_MAX: Final = 10_000
"""How many sessions, given an error and not yet an answer, a script keeps apart."""
_TEXT_PROTOCOL: Final = re.compile(r"^\s*(action|final_answer)\s*:", re.IGNORECASE | re.MULTILINE)

Seconds = Annotated[float, Field(ge=0, le=DELAY_S_MAX, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Call(_Strict):
    name: str
    arguments: dict[str, JsonValue] | str = {}


class _Usage(_Strict):
    input_tokens: NonNegativeInt = 0
    output_tokens: NonNegativeInt = 0
    cached_tokens: NonNegativeInt = 0


class _Error(_Strict):
    status: Annotated[int, Field(ge=400, le=599)]
    retry_after_s: Seconds | None = None


class _Line(_Strict):
    text: str = ""
    tool_calls: tuple[_Call, ...] = ()
    usage: _Usage = _Usage()
    delay_s: Seconds = 0.0
    error: _Error | None = None


@dataclass(frozen=True, slots=True)
class _Turn:
    """One line, made ready: what is said, when, or what goes wrong."""

    completion: Completion
    deltas: tuple[str, ...]
    delay_s: float
    error: _Error | None


@dataclass(frozen=True, slots=True)
class _Script:
    """A whole file, made ready."""

    steps: tuple[tuple[_Turn, ...], ...]
    """What each step of a session plays: errors, one for each try, then its answer."""
    native_tools: bool


class ScriptedProvider:
    """Answers a session's n-th call with the n-th line of its script.

    A step ends with an answer, so its lines are those behind the answer of the step before. Which
    step it is says the request, and so a resumed or forked session goes on where it stands; how
    many errors of its step a session was given is kept here until the step is answered.
    """

    def __init__(self, file: Path) -> None:
        """Raises `Invalid` where *file* is no script."""
        self._file = file
        self._script = read_script(file)
        self._played: dict[str, tuple[int, int]] = {}
        """Session → a step of it that is not answered yet, and how many of its errors were told."""

    @property
    def native_tools(self) -> bool:
        """Whether the script calls tools natively; one that writes `Action:` speaks text."""
        return self._script.native_tools

    async def complete(self, request: CompletionRequest, on_delta: OnDelta) -> Completion:
        """See `Provider`; nothing is parsed here."""
        turn = self._next_turn(request.session, request.step)
        if turn.delay_s:
            await _wait(turn.delay_s, request.timeout_s)
        if turn.error is not None:
            raise _failure(turn.error)
        for delta in turn.deltas:
            on_delta(delta)
        return turn.completion

    def _next_turn(self, session: str, step: int) -> _Turn:
        """What comes next in *step* of *session*; refused where the script has no more of it."""
        steps = self._script.steps
        turns = steps[step - 1] if step <= len(steps) else ()
        known, told = self._played.pop(session, (step, 0))
        played = told if known == step else 0
        if played >= len(turns):
            answers = sum(turns[-1].error is None for turns in steps)
            raise ProviderRefused(
                f"the script {self._file.name} is exhausted: it has {answers} answers, "
                f"and none for step {step}"
            )
        turn = turns[played]
        if turn.error is not None:
            self._keep(session, step, played + 1)
        return turn

    def _keep(self, session: str, step: int, played: int) -> None:
        """Remember what *session* was told, at the expense of the one that was told longest ago."""
        if len(self._played) >= SESSIONS_MAX:
            del self._played[next(iter(self._played))]
        self._played[session] = step, played


def read_script(file: Path) -> _Script:
    """What is written in *file*, blank lines left out; `Invalid` names the line that is wrong."""
    try:
        stat = file.stat()
        if stat.st_size > SCRIPT_BYTES_MAX:
            raise Invalid("model", f"the script {file} is larger than {SCRIPT_BYTES_MAX} bytes")
        return _parsed(file, stat.st_mtime_ns, stat.st_size)
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("model", f"the script {file} cannot be read: {error}") from None


@lru_cache(maxsize=SCRIPTS_MAX)
def _parsed(file: Path, _mtime_ns: int, _size_bytes: int) -> _Script:
    """What is written in *file*, parsed once for each change of it."""
    lines = [
        (number, text)
        for number, text in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1)
        if text.strip()
    ]
    turns = tuple(
        _turn(call, _validated(file, number, text))
        for call, (number, text) in enumerate(lines, start=1)
    )
    calls = any(turn.completion.calls for turn in turns)
    writes = any(_TEXT_PROTOCOL.search(turn.completion.text) for turn in turns)
    return _Script(_steps(turns), native_tools=calls or not writes)


def _steps(turns: Iterable[_Turn]) -> tuple[tuple[_Turn, ...], ...]:
    """*turns* parted behind each answer; errors without an answer come last."""
    steps: list[tuple[_Turn, ...]] = []
    step: list[_Turn] = []
    for turn in turns:
        step.append(turn)
        if turn.error is None:
            steps.append(tuple(step))
            step = []
    return (*steps, tuple(step)) if step else tuple(steps)


def _validated(file: Path, number: int, text: str) -> _Line:
    try:
        return _Line.model_validate(json_text.decode(text))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = f"{where}: {first['msg']}" if where else first["msg"]
    except ValueError as error:
        said = f"no JSON: {error}"
    raise Invalid("model", f"line {number} of the script {file}: {said}")


def _turn(call: int, line: _Line) -> _Turn:
    completion = Completion(
        text=line.text,
        calls=tuple(
            RequestedCall(id=f"call_{call}_{index}", name=asked.name, arguments=_text(asked))
            for index, asked in enumerate(line.tool_calls)
        ),
        stop_reason="tool_calls" if line.tool_calls else "end",
        model="scripted",
        usage=Usage(**line.usage.model_dump()),
    )
    return _Turn(completion, _deltas(line.text), line.delay_s, line.error)


def _text(asked: _Call) -> str:
    """The arguments as text; a string stands for whatever a model might write."""
    arguments: Any = asked.arguments
    return arguments if isinstance(arguments, str) else json_text.encode(arguments)


def _deltas(text: str) -> tuple[str, ...]:
    return tuple(text[at : at + DELTA_CHARS] for at in range(0, len(text), DELTA_CHARS))


async def _wait(delay_s: float, timeout_s: float) -> None:
    await asyncio.sleep(min(delay_s, timeout_s))
    if delay_s > timeout_s:
        raise ProviderUnavailable(f"the script gave no answer in {timeout_s:g} s")


def _failure(error: _Error) -> ProviderUnavailable | ProviderRefused:
    """The same error that a real provider's answer of that status becomes."""
    headers = {} if error.retry_after_s is None else {"retry-after": str(error.retry_after_s)}
    return faults.answered("scripted", error.status, faults.Complaint("as written"), headers)
