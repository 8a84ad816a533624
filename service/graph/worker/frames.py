"""What goes through a pipe between a process and its worker: pieces of JSON behind their length."""

import json
import struct
from asyncio import IncompleteReadError, StreamReader
from typing import Any, Final

import msgspec

from schema.errors import Broken

FRAME_BYTES_MAX: Final = 64 << 20

_LENGTH: Final = struct.Struct("!I")
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


def packed(value: object) -> bytes:
    """*value* (of our shapes, and what JSON knows) as JSON; any text and any number survives."""
    try:
        return _encode(value)
    except (UnicodeEncodeError, OverflowError):  # Lone surrogates, integers beyond 64 bits.
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode()


def unpacked(body: bytes, kind: Any = Any) -> Any:
    """What *body* says, as *kind*, which may be any of several."""
    try:
        said = _decode(body)
    except msgspec.DecodeError:  # Lone surrogates.
        said = json.loads(body)
    return said if kind is Any else msgspec.convert(said, kind)


def framed(head: bytes, rest: bytes = b"") -> bytes:
    """A frame of two parts; the second may be taken on as it is, unread."""
    length = _LENGTH.size + len(head) + len(rest)
    return b"".join((_LENGTH.pack(length), _LENGTH.pack(len(head)), head, rest))


class FrameReader:
    """Reads frames; whoever is cancelled in the midst of one reads on with the next call."""

    def __init__(self, pipe: StreamReader) -> None:
        self._pipe = pipe
        self._length: int | None = None

    async def read(self) -> tuple[bytes, bytes] | None:
        """The next frame's two parts; None where the other side has closed the pipe."""
        try:
            if self._length is None:
                (self._length,) = _LENGTH.unpack(await self._pipe.readexactly(_LENGTH.size))
            if self._length > FRAME_BYTES_MAX:
                raise Broken(f"a frame of {self._length} bytes is more than {FRAME_BYTES_MAX}")
            body = await self._pipe.readexactly(self._length)
        except (IncompleteReadError, ConnectionError):
            return None
        self._length = None
        (head_length,) = _LENGTH.unpack_from(body)
        behind_head = _LENGTH.size + head_length
        return body[_LENGTH.size : behind_head], body[behind_head:]
