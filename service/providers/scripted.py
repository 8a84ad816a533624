"""A model that says what a file tells it to, for tests and demonstrations."""

import asyncio
import re
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

    turns: tuple[_Turn, ...]
    native_tools: bool


class ScriptedProvider:
    """Answers a session's n-th call with the n-th line of its script.

    Which call it is follows from the prompt: one more than the assistant's segments in it. So
    sessions never disturb each other, and a resumed or forked one goes on where it stands.
    """

    def __init__(self, file: Path) -> None:
        """Raises `Invalid` where *file* is no script."""
        self._file = file
        self._script = read_script(file)

    @property
    def native_tools(self) -> bool:
        """Whether the script calls tools natively; one that writes `Action:` speaks text."""
        return self._script.native_tools

    async def complete(self, request: CompletionRequest, on_delta: OnDelta) -> Completion:
        """See `Provider`; nothing is parsed here."""
        number = sum(segment.role == "assistant" for segment in request.segments)
        turns = self._script.turns
        if number >= len(turns):
            raise ProviderRefused(
                f"the script {self._file.name} is exhausted: it has {len(turns)} lines, "
                f"and this is call {number + 1}"
            )
        turn = turns[number]
        if turn.delay_s:
            await _wait(turn.delay_s, request.timeout_s)
        if turn.error is not None:
            raise _failure(turn.error)
        for delta in turn.deltas:
            on_delta(delta)
        return turn.completion


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
    return _Script(turns, native_tools=calls or not writes)


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
