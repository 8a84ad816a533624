"""What stands under a key, and until when: each change of it ends what stood there before."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")

Key = tuple[int, str, str]
"""Partition, stream, and the key in it."""


@dataclass
class Span(Generic[Value]):
    """What stands under a key from one version of its stream on."""

    key: Key
    valid_from: int
    value: Value
    valid_to: int | None = None


@dataclass(frozen=True)
class Spans(Generic[Value]):
    """What a batch's changes come to."""

    ended: dict[Key, int]
    """When what stood under a key before the batch has ended."""
    begun: list[Span[Value]]


def spans_of(changes: Iterable[tuple[Key, int, Value | None]]) -> Spans[Value]:
    """The spans that *changes* end and begin; each is a key, a version, and None for a removal."""
    spans = Spans[Value]({}, [])
    last: dict[Key, Span[Value] | None] = {}
    for key, version, value in changes:
        if key not in last:
            spans.ended[key] = version
        elif (open_span := last[key]) is not None:
            open_span.valid_to = version
        last[key] = None if value is None else Span(key, version, value)
        if (begun := last[key]) is not None:
            spans.begun.append(begun)
    return spans
