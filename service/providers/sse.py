"""Server-sent events out of bytes, however the network cut them."""

import re
from dataclasses import dataclass, field
from typing import Final

from schema.errors import ProviderUnavailable

LINE_BYTES_MAX: Final = 1 << 20
EVENT_BYTES_MAX: Final = 4 << 20
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One event of a stream."""

    name: str
    """`message` where the stream gave none."""
    data: str
    id: str = field(default="", compare=False)
    """Of this event, or of the last before it that had one."""


class SseParser:
    """Takes chunks of bytes, gives events; how the stream was chunked never shows.

    Lines are put together before they are decoded, so a character may lie across chunks. An event
    that no blank line closes is never given.
    """

    def __init__(
        self, *, line_bytes_max: int = LINE_BYTES_MAX, event_bytes_max: int = EVENT_BYTES_MAX
    ) -> None:
        self._line_bytes_max = line_bytes_max
        self._event_bytes_max = event_bytes_max
        self._line = bytearray()
        self._after_cr = False
        self._at_start = True
        self._name = ""
        self._id = ""
        self._data: list[str] = []
        self._data_bytes = 0

    def feed(self, chunk: bytes) -> list[SentEvent]:
        """The events that *chunk* completes.

        Raises `ProviderUnavailable` for a line or an event beyond its limit: the other side
        has lost its mind, and we keep our memory.
        """
        if not chunk:
            return []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
            return self.feed(chunk)
        self._after_cr = chunk.endswith(b"\r")
        *ended, rest = _LINE_END.split(chunk)
        events = [event for line in ended if (event := self._end_line(line)) is not None]
        self._extend(rest)
        return events

    def _extend(self, piece: bytes) -> None:
        self._line += piece
        if len(self._line) > self._line_bytes_max:
            raise ProviderUnavailable(
                f"the stream has a line of more than {self._line_bytes_max} bytes"
            )

    def _end_line(self, last_piece: bytes) -> SentEvent | None:
        self._extend(last_piece)
        line = bytes(self._line)
        self._line.clear()
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._dispatch()
        self._take_field(line)
        return None

    def _take_field(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data_bytes += len(value) + 1
            if self._data_bytes > self._event_bytes_max:
                raise ProviderUnavailable(
                    f"the stream has an event of more than {self._event_bytes_max} bytes"
                )
            self._data.append(value.decode(errors="replace"))
        elif field == b"event":
            self._name = value.decode(errors="replace")
        elif field == b"id" and b"\0" not in value:
            self._id = value.decode(errors="replace")

    def _dispatch(self) -> SentEvent | None:
        name, data = self._name, self._data
        self._name, self._data, self._data_bytes = "", [], 0
        return SentEvent(name or "message", "\n".join(data), self._id) if data else None
