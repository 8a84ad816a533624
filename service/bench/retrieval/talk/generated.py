"""Two people talk for weeks; what they told each other is then asked for.

A fact is told in a turn that stands for itself, or in an answer that makes sense only beside the
turn that asked for it. The question uses the words that were used, or others. Both people have
something to say about many topics, some return weeks later, and their words turn up in idle talk.
"""

import random
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Final

from msgspec import Struct, convert

from service.bench.retrieval.shapes import Conversation, Question, Turn

SESSIONS: Final = 16
TOPICS_EACH: Final = 26
"""Of so many topics does each of the two tell something."""
RETURNING: Final = 0.2
"""The share of topics that are told of once more, weeks later."""
ANSWERED: Final = 0.3
"""The share of facts that are told in an answer."""
REWORDED: Final = 0.15
"""The share of questions in other words."""
SURPRISED: Final = 0.35
"""The share of facts that the other one repeats."""
ADDRESSED: Final = 0.4
ELABORATED: Final = 0.7
RETURNED: Final = 0.35
"""The shares of turns that begin with the other's name, say more, and end with a question."""
ABOUT_NOTHING: Final = 0.4
"""The share of idle talk without the words of any topic."""
CHATTER_EACH: Final = 3
"""Idle exchanges in a session."""
STEM_CHARS: Final = 4
NOT_TELLING: Final = {
    "what",
    "wher",
    "whic",
    "whos",
    "does",
    "with",
    "have",
    "that",
    "from",
    "your",
}
BEGUN: Final = datetime(2026, 1, 5, 18, 30, tzinfo=UTC)


class Topic(Struct, frozen=True):
    """See `topics.toml`."""

    name: str
    values: tuple[str, ...]
    asks: tuple[str, ...]
    answers: tuple[str, ...]
    tells: tuple[str, ...]
    plain: tuple[str, ...]
    reworded: tuple[str, ...]
    echoes: tuple[str, ...]


class SmallTalk(Struct, frozen=True):
    """See `small_talk.toml`; pairs are what one says and what the other replies."""

    names: tuple[str, ...]
    openers: tuple[tuple[str, str], ...]
    closers: tuple[tuple[str, str], ...]
    reactions: tuple[str, ...]
    surprises: tuple[str, ...]
    addresses: tuple[str, ...]
    returns: tuple[str, ...]
    elaborations: tuple[str, ...]
    chatter: tuple[tuple[str, str], ...]


class _Line(Struct):
    """Something that *who* says; `tells` is a topic where it is evidence of it."""

    who: str
    text: str
    tells: str | None = None


class _Fact(Struct):
    """What is true of *who*; told again, it is told in the same ways."""

    who: str
    topic: Topic
    value: str
    question: str
    asks: tuple[str, ...]
    """What the other one may ask, where it is told in an answer; none where it is told unasked."""
    wordings: tuple[str, ...]


def generated(conversations: int = 5, *, seed: int = 1) -> tuple[Conversation, ...]:
    """So many conversations of about 400 turns, with 52 questions each; the same for a seed."""
    # What is drawn decides over sentences, not over secrets.
    chance = random.Random(seed)  # noqa: S311
    topics = convert(_read("topics")["topic"], tuple[Topic, ...])
    small_talk = convert(_read("small_talk"), SmallTalk)
    return tuple(_Telling(chance, topics, small_talk).conversation() for _ in range(conversations))


def _read(name: str) -> Any:
    return tomllib.loads((files(__package__) / f"{name}.toml").read_text("utf-8"))


class _Telling:
    """One conversation as it comes about."""

    def __init__(
        self, chance: random.Random, topics: Sequence[Topic], small_talk: SmallTalk
    ) -> None:
        self._chance = chance
        self._small_talk = small_talk
        self._topics = topics
        self._two = chance.sample(small_talk.names, 2)
        self._free = {topic.name: list(topic.values) for topic in topics}
        self._facts = [fact for who in self._two for fact in self._known_by(who)]

    def conversation(self) -> Conversation:
        """All of it, and what is asked about it."""
        said = [(n, line) for n, lines in enumerate(self._sessions()) for line in lines]
        places: dict[tuple[str, str], list[int]] = {}
        for place, (_, line) in enumerate(said):
            if line.tells is not None:
                places.setdefault((line.who, line.tells), []).append(place)
        return Conversation(
            turns=tuple(
                Turn(
                    ids=(f"t{place}",),
                    text=line.text,
                    speaker=line.who,
                    session=f"{n + 1}",
                    timestamp=BEGUN + timedelta(days=5 * n, minutes=place),
                )
                for place, (n, line) in enumerate(said)
            ),
            questions=tuple(
                Question(text=f.question, evidence=tuple(places[f.who, f.topic.name]))
                for f in self._facts
            ),
        )

    def _known_by(self, who: str) -> Iterator[_Fact]:
        for topic in self._chance.sample(self._topics, TOPICS_EACH):
            values = self._free[topic.name]
            value = values.pop(self._chance.randrange(len(values)))
            answered = self._chance.random() < ANSWERED
            asks, wordings = (topic.asks, topic.answers) if answered else ((), topic.tells)
            if self._chance.random() < REWORDED:
                asked = self._chance.choice(topic.reworded)
            else:
                asked = self._chance.choice(topic.plain)
                wordings = _most_alike(asked, wordings)
                asks = _most_alike(asked, asks)
            yield _Fact(who, topic, value, asked.format(who=who), asks, wordings)

    def _sessions(self) -> Iterator[list[_Line]]:
        told = self._facts + [f for f in self._facts if self._chance.random() < RETURNING]
        parts = [self._fact(fact) for fact in self._chance.sample(told, len(told))]
        for n in range(SESSIONS):
            of_session = parts[n::SESSIONS] + [self._idle() for _ in range(CHATTER_EACH)]
            self._chance.shuffle(of_session)
            yield [
                *self._pair(self._small_talk.openers),
                *(line for part in of_session for line in part),
                *self._pair(self._small_talk.closers),
            ]

    def _fact(self, fact: _Fact) -> list[_Line]:
        """How the fact is told, and what is said after it."""
        chance, other = self._chance, self._other(fact.who)
        asked = [self._said(other, chance.choice(fact.asks))] if fact.asks else []
        told = _sentence(chance.choice(fact.wordings), fact.value)
        return [*asked, self._said(fact.who, told, fact.topic.name), self._reaction(fact)]

    def _reaction(self, fact: _Fact) -> _Line:
        """What the other one says to it, perhaps with the same words."""
        other = self._other(fact.who)
        surprise = self._maybe(SURPRISED, self._small_talk.surprises)
        reaction = self._chance.choice(self._small_talk.reactions).format(other=fact.who)
        said = " ".join([*(_sentence(text, fact.value) for text in surprise), reaction])
        return _Line(other, said)

    def _idle(self) -> list[_Line]:
        """Talk about nothing, or with the words of a topic."""
        if self._chance.random() < ABOUT_NOTHING:
            return self._pair(self._small_talk.chatter)
        who = self._chance.choice(self._two)
        echo = self._chance.choice(self._chance.choice(self._topics).echoes)
        reaction = self._chance.choice(self._small_talk.reactions).format(other=who)
        return [self._said(who, echo), _Line(self._other(who), reaction)]

    def _said(self, who: str, text: str, tells: str | None = None) -> _Line:
        """*text*, with what people say around it."""
        small_talk, other = self._small_talk, self._other(who)
        around = [
            *self._maybe(ADDRESSED, small_talk.addresses),
            "{text}",
            *self._maybe(ELABORATED, small_talk.elaborations),
            *self._maybe(RETURNED, small_talk.returns),
        ]
        return _Line(who, " ".join(around).format(text=text, other=other), tells)

    def _maybe(self, share: float, wordings: Sequence[str]) -> list[str]:
        return [self._chance.choice(wordings)] if self._chance.random() < share else []

    def _pair(self, pairs: Sequence[tuple[str, str]]) -> list[_Line]:
        who = self._chance.choice(self._two)
        first, second = (
            text.format(who=who, other=self._other(who)) for text in self._chance.choice(pairs)
        )
        return [_Line(who, first), _Line(self._other(who), second)]

    def _other(self, who: str) -> str:
        return self._two[who == self._two[0]]


def _most_alike(question: str, wordings: tuple[str, ...]) -> tuple[str, ...]:
    """Those of *wordings* that share most words with *question*, up to their endings."""
    shared = [len(_stems(question) & _stems(wording)) for wording in wordings]
    return tuple(w for w, count in zip(wordings, shared, strict=True) if count == max(shared))


def _stems(text: str) -> set[str]:
    words = "".join(c if c.isalpha() else " " for c in text.lower()).split()
    return {word[:STEM_CHARS] for word in words if len(word) >= STEM_CHARS} - NOT_TELLING


def _sentence(wording: str, value: str) -> str:
    """*wording* with *value* in it, its first letter a capital one."""
    said = wording.format(v=value)
    return said[0].upper() + said[1:]
