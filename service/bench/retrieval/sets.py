"""Reads sets of conversations, questions and evidence: JSON lines, or one JSON array.

A line may hold a conversation, or the name of one that has its turns on a line of its own; and one
question with its evidence, or many. docs/performance.md shows what is understood.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Final

import orjson
from msgspec import Struct, field

from schema.errors import Invalid
from service.bench.retrieval.shapes import Conversation, Question, Turn
from service.bench.retrieval.turns import IDS, TEXTS, TURNS, first_of, turns_of

QUESTIONS: Final = ("question", "query", "q")
MANY: Final = ("questions", "qa", "qas")
EVIDENCE: Final = ("evidence", "evidence_ids", "evidences", "answer_evidence", "supporting")
NAMES: Final = ("name", "id", "sample_id", "conversation_id")
CONVERSATIONS: Final = ("conversation", "conversation_id", *TURNS)
LOST_SHARE_MAX: Final = 0.05
"""Of evidence that names no turn; more, and it is probably read wrongly."""


class Lost(Struct, frozen=True):
    """Evidence that names no turn."""

    where: str
    value: Any


class RetrievalSet(Struct, frozen=True, kw_only=True):
    """All conversations, and what could not be made use of."""

    name: str
    conversations: tuple[Conversation, ...]
    lost: tuple[Lost, ...] = ()
    """Evidence that names no turn: it is left out."""
    unasked: int = 0
    """Questions without any evidence: they are left out, too."""

    @property
    def left_out(self) -> Iterator[tuple[str, str]]:
        """What was left out, and where that stood or how often it was."""
        for lost in self.lost:
            yield f"evidence {lost.value!r}, which names no turn", lost.where
        if self.unasked:
            yield "questions without evidence", f"{self.unasked} times"

    @property
    def questions(self) -> int:
        """How many there are."""
        return sum(len(conversation.questions) for conversation in self.conversations)


class _Group(Struct):
    """A conversation with the questions found so far."""

    turns: tuple[Turn, ...]
    asked: list[Question] = field(default_factory=list)
    places: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """What evidence may say → the turns that it is."""


class _Asked(Struct):
    conversation: Any
    question: Mapping[str, Any]
    where: str


def read_set(file: Path) -> RetrievalSet:
    """The set in *file*; `Invalid` names the line and the field that it cannot be read by."""
    reading = _Reading()
    try:
        lines = list(_lines(file.read_bytes()))
    except OSError as error:
        raise Invalid("set", f"{file}: {error.strerror}") from None
    for where, line in lines:
        reading.take(line, where)
    return reading.done(file.name)


def _lines(text: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, line in _values(text):
        if not isinstance(line, dict):
            raise Invalid(where, "is no JSON object")
        yield where, line


def _values(text: bytes) -> Iterator[tuple[str, Any]]:
    if text.lstrip().startswith(b"["):
        yield from ((f"item {n}", value) for n, value in enumerate(_json(text, "set"), start=1))
        return
    for n, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield f"line {n}", _json(line, f"line {n}")


def _json(text: bytes, where: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid(where, f"is no JSON: {error}") from None


class _Reading:
    """Collects the lines of a set: a question may come before its conversation does."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}
        self._asked: list[_Asked] = []
        self._lost: list[Lost] = []
        self._evidence = 0
        self._unasked = 0

    def take(self, line: dict[str, Any], where: str) -> None:
        """Take a line in."""
        key = self._conversation(line, where)
        many = first_of(line, MANY)
        if many is not None and not isinstance(many, list):
            raise Invalid(f"{where}: {_name(line, MANY)}", "is no list of questions")
        for n, one in enumerate(many or ()):
            if not isinstance(one, dict):
                raise Invalid(f"{where}: {_name(line, MANY)}[{n}]", "is no JSON object")
            self._asked.append(_Asked(key, one, f"{where}: {_name(line, MANY)}[{n}]"))
        if first_of(line, QUESTIONS) is not None:
            self._asked.append(_Asked(key, line, where))
        elif many is None and _turns(line) is None:
            raise Invalid(f"{where}: question", f"is missing, as {' or '.join(QUESTIONS)}")

    def done(self, name: str) -> RetrievalSet:
        """What the lines came to."""
        for asked in self._asked:
            self._ask(asked)
        if len(self._lost) > max(1, LOST_SHARE_MAX * self._evidence):
            first = self._lost[0]
            raise Invalid(
                first.where,
                f"{first.value!r} names no turn of its conversation, by id, place (from 0) or "
                f"text; so do {len(self._lost) - 1} more",
            )
        groups = [group for group in self._groups.values() if group.asked]
        if not groups:
            raise Invalid("set", "has no question with evidence")
        conversations = tuple(Conversation(turns=g.turns, questions=tuple(g.asked)) for g in groups)
        return RetrievalSet(
            name=name, conversations=conversations, lost=tuple(self._lost), unasked=self._unasked
        )

    def _conversation(self, line: dict[str, Any], where: str) -> str:
        """The key of the line's conversation, which is kept where it stands here."""
        turns, said = _turns(line), first_of(line, ("conversation", "conversation_id"))
        name = said if isinstance(said, str | int) else first_of(line, NAMES)
        if turns is None:
            if name is None:
                raise Invalid(f"{where}: conversation", "is missing")
            return f"name {name}"
        at = f"{where}: {_name(line, TURNS, list | dict)}"
        if name is not None and first_of(line, QUESTIONS) is None:
            key = f"name {name}"
            if key in self._groups:
                raise Invalid(at, f"there is a conversation {name!r} already")
        else:
            key = f"turns {orjson.dumps(turns, option=orjson.OPT_SORT_KEYS).decode()}"
        if key not in self._groups:
            self._groups[key] = _group(turns_of(turns, at))
        return key

    def _ask(self, asked: _Asked) -> None:
        group = self._groups.get(asked.conversation)
        if group is None:
            name = asked.conversation.removeprefix("name ")
            raise Invalid(f"{asked.where}: conversation", f"no line has the turns of {name!r}")
        text = first_of(asked.question, QUESTIONS)
        if not isinstance(text, str) or not text.strip():
            raise Invalid(f"{asked.where}: question", "is no text")
        where = f"{asked.where}: {_name(asked.question, EVIDENCE)}"
        evidence = list(self._places(group, first_of(asked.question, EVIDENCE), where))
        if evidence:
            group.asked.append(Question(text=text, evidence=tuple(dict.fromkeys(evidence))))
        else:
            self._unasked += 1

    def _places(self, group: _Group, value: Any, where: str) -> Iterator[int]:
        """The turns that the evidence *value* names; a list may hold lists."""
        if value is None or isinstance(value, bool | float):
            raise Invalid(where, "is neither an id, a place nor a text, nor a list of them")
        if isinstance(value, list):
            for inner in value:
                yield from self._places(group, inner, where)
        elif isinstance(value, dict):
            yield from self._places(group, first_of(value, (*IDS, *TEXTS)), where)
        else:
            self._evidence += 1
            places = _found(group, value)
            if not places:
                self._lost.append(Lost(where, value))
            yield from places


def _turns(line: Mapping[str, Any]) -> Any:
    """What on *line* holds turns; None where there is but a name."""
    return next((line[name] for name in TURNS if isinstance(line.get(name), list | dict)), None)


def _name(line: Mapping[str, Any], names: Sequence[str], kinds: type | UnionType = object) -> str:
    """The first of *names* under which *line* has something of *kinds*, else the first of all."""
    has = (name for name in names if line.get(name) is not None and isinstance(line[name], kinds))
    return next(has, names[0])


def _group(turns: tuple[Turn, ...]) -> _Group:
    places: dict[str, tuple[int, ...]] = {}
    for kind in ("ids", "text", "content"):
        for place, turn in enumerate(turns):
            said = turn.ids if kind == "ids" else (getattr(turn, kind),)
            for key in said:
                places.setdefault(key, (place,))
    return _Group(turns, places=places)


def _found(group: _Group, value: str | int) -> tuple[int, ...]:
    """The turns that *value* names: an id, a text, a place from 0, several ids, or a quotation."""
    text = str(value).strip()
    if text in group.places:
        return group.places[text]
    if text.isdecimal():
        return (int(text),) if int(text) < len(group.turns) else ()
    parts = [part for part in re.split(r"[;,\s]+", text) if part]
    if parts and all(part in group.places for part in parts):
        return tuple(place for part in parts for place in group.places[part])
    quoted = [place for place, turn in enumerate(group.turns) if text and text in turn.content]
    return tuple(quoted) if len(quoted) == 1 else ()
