"""Answers that were given already, while nothing has changed that they rest on."""

from collections import OrderedDict
from typing import Final, TypeAlias

RESULTS_BYTES_MAX: Final = 64 << 20
OVERHEAD_BYTES: Final = 200
"""About what an answer takes besides its texts."""

Key: TypeAlias = tuple[str, int, int, bytes]
"""The stream, its version, the version of its last erasure, and the question in JSON."""


class Results:
    """The answers that were asked for last, as JSON: each caller gets a result of their own."""

    def __init__(self, *, bytes_max: int = RESULTS_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._results: OrderedDict[Key, bytes] = OrderedDict()
        self.bytes = 0

    def get(self, key: Key) -> bytes | None:
        """The answer to that question, if it was given and is kept."""
        result = self._results.get(key)
        if result is not None:
            self._results.move_to_end(key)
        return result

    def put(self, key: Key, result: bytes) -> None:
        """Keep an answer; those that nobody asked for longest have to go for it."""
        former = self._results.pop(key, None)
        if former is not None:
            self.bytes -= _bytes(key, former)
        self._results[key] = result
        self.bytes += _bytes(key, result)
        while self.bytes > self._bytes_max:
            self.bytes -= _bytes(*self._results.popitem(last=False))

    def __len__(self) -> int:
        return len(self._results)


def _bytes(key: Key, result: bytes) -> int:
    return OVERHEAD_BYTES + len(key[0]) + len(key[3]) + len(result)
