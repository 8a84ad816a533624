"""A sequence that grows by sharing, so that every state of a session can keep its own."""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

T = TypeVar("T")


class Shared(Sequence[T], Generic[T]):
    """An immutable sequence whose `append` costs the same at any length.

    The newest sequence over a list extends that list in place; an older one copies first. No
    holder ever sees the difference. The holders of one lineage live in one thread.
    """

    __slots__ = ("_items", "_length")

    def __init__(self, items: list[T] | None = None) -> None:
        """Take over *items*, which nobody else may change from now on."""
        self._items: list[T] = [] if items is None else items
        self._length = len(self._items)

    def append(self, item: T) -> "Shared[T]":
        """A sequence with *item* behind these; these stay as they are."""
        items = self._items
        if len(items) != self._length or not items:  # empty ones are defaults, held for ever
            items = items[: self._length]
        items.append(item)
        return Shared(items)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        items = self._items
        return (items[n] for n in range(self._length))

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self._items[n] for n in range(*index.indices(self._length))]
        return self._items[range(self._length)[index]]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Shared):
            return NotImplemented
        return self._length == other._length and self[:] == other[:]

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Shared({self[:]!r})"
