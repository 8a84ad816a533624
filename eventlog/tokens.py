"""A position as the outside sees it: opaque, and refused by any other log than its own."""

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from typing import Final

from schema.errors import TokenRefused

CHARACTERS_MAX: Final = 140_000
"""What 4,096 partitions with positions of 19 digits need."""

_PAIR: Final = r"\d{1,4}:\d{1,19}"
_PLAIN: Final = re.compile(
    rf"(?P<epoch>\d{{1,10}});(?P<positions>(?:{_PAIR}(?:,{_PAIR})*)?);[0-9a-f]{{8}}", re.ASCII
)


def to_token(epoch: int, positions: Mapping[int, int]) -> str:
    """The token of *positions* (partition → position) in the log whose epoch is *epoch*."""
    vector = ",".join(f"{partition}:{positions[partition]}" for partition in sorted(positions))
    plain = f"{epoch};{vector}"
    summed = f"{plain};{zlib.crc32(plain.encode()):08x}"  # A token cut short is no other token.
    return base64.urlsafe_b64encode(summed.encode()).decode().rstrip("=")


def from_token(token: str, *, epoch: int, heads: Mapping[int, int]) -> dict[int, int]:
    """The positions that *token* stands for, in a log of *epoch* that has come to *heads*.

    Raises `TokenRefused` for a token of another log epoch (a restore lies between), for one that is
    ahead of the log, and for what `to_token` never wrote.
    """
    written_in, positions = _parsed(token)
    if written_in != epoch:
        raise TokenRefused(
            f"the token is from log epoch {written_in}, this log has epoch {epoch}: "
            "it was restored since; read it again from the start"
        )
    for partition, position in positions.items():
        if position > heads.get(partition, -1):
            raise TokenRefused(
                f"the token stands at {position} of partition {partition}, beyond the log: "
                "it comes from another log, or from before a restore"
            )
    return positions


def _parsed(token: str) -> tuple[int, dict[int, int]]:
    match = _PLAIN.fullmatch(_decoded(token))
    if match is None:
        raise _garbage()
    pairs = (pair.split(":") for pair in match["positions"].split(",") if pair)
    positions = {int(partition): int(position) for partition, position in pairs}
    epoch = int(match["epoch"])
    if to_token(epoch, positions) != token:  # one position has one token, or it is not ours
        raise _garbage()
    return epoch, positions


def _decoded(token: str) -> str:
    if len(token) > CHARACTERS_MAX:
        raise _garbage()
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise _garbage() from None


def _garbage() -> TokenRefused:
    return TokenRefused("this is no token of ours: pass one on as you got it, or leave it out")
