"""Names and numbers: time-ordered ids, stream names, and the partition an agent belongs to."""

import hashlib
import os
import re
import time
from functools import lru_cache
from typing import Final
from uuid import UUID

from schema.errors import Invalid

AGENT_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""What an agent's id looks like: it stands in stream names, routes and file names."""

PARTITIONS_MAX: Final = 4096
"""No log can have more partitions than `h12` has values."""

AGENTS_KEPT: Final = 4096
STREAMS_KEPT: Final = 16384
"""Agents and streams recur; what is computed from a name is kept for so many of them."""


@lru_cache(AGENTS_KEPT)
def h12(agent_id: str) -> int:
    """The agent's stable 12-bit hash (0 to 4095): the first 12 bits of blake2b of its id."""
    return int.from_bytes(hashlib.blake2b(agent_id.encode(), digest_size=2).digest()) >> 4


def partition_of(agent_id: str, partitions: int) -> int:
    """The partition (0 to *partitions* - 1) that holds every stream of *agent_id*."""
    return h12(agent_id) % partitions


def partition_of_session(session_id: UUID, partitions: int) -> int:
    """The partition of a session, read off its id alone."""
    return (session_id.int >> 64 & 0xFFF) % partitions


def uuid7(rand_a: int | None = None) -> UUID:
    """A UUID version 7 (RFC 9562): 48 bits of milliseconds, 12 bits *rand_a*, the rest chance."""
    noise = int.from_bytes(os.urandom(10))
    middle = noise >> 64 & 0xFFF if rand_a is None else rand_a
    milliseconds = time.time_ns() // 1_000_000
    return UUID(
        int=milliseconds << 80 | 0x7000 << 64 | middle << 64 | 0b10 << 62 | noise & (1 << 62) - 1
    )


def new_session_id(agent_id: str) -> UUID:
    """A fresh session id whose 12 `rand_a` bits carry the agent's hash."""
    return uuid7(h12(agent_id))


@lru_cache(AGENTS_KEPT)
def checked_agent_id(agent_id: str) -> str:
    """*agent_id* itself, or `Invalid` when it does not match `AGENT_ID`."""
    if AGENT_ID.fullmatch(agent_id) is None:
        raise Invalid(
            "agent",
            f"{agent_id!r} is no agent id: use 1 to 64 of a-z, 0-9, '.', '_' and '-', "
            "beginning with a letter or digit",
        )
    return agent_id


def session_stream(session_id: UUID) -> str:
    """The name of a session's stream."""
    return f"session-{session_id}"


def agent_stream(agent_id: str) -> str:
    """The name of the stream of an agent's definitions."""
    return f"agent-{agent_id}"


def memory_stream(agent_id: str) -> str:
    """The name of the stream of an agent's episodes, facts and shared working memory."""
    return f"memory-{agent_id}"


def graph_stream(agent_id: str) -> str:
    """The name of the stream of an agent's entities and relationships."""
    return f"graph-{agent_id}"


STREAM_KINDS: Final = frozenset({"agent", "memory", "graph"})
"""What an agent has besides its sessions; a branch's name follows the agent's behind `~`."""


@lru_cache(STREAMS_KEPT)
def is_stream_of(agent_id: str, stream: str) -> bool:
    """Whether *stream* is named as a stream of *agent_id*: every stream belongs to one agent."""
    kind, _, rest = stream.partition("-")
    if kind == "session":
        return session_of(stream).int >> 64 & 0xFFF == h12(agent_id)
    name, branched, branch = rest.partition("~")
    fits = name == agent_id and bool(branched) == (AGENT_ID.fullmatch(branch) is not None)
    return kind in STREAM_KINDS and fits


def session_of(stream: str) -> UUID:
    """The session whose stream is named *stream*; `Invalid` when it is no session's."""
    kind, _, rest = stream.partition("-")
    try:
        return UUID(rest if kind == "session" else "")
    except ValueError:
        raise Invalid("stream", f"{stream!r} is no session's stream") from None
