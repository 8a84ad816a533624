"""What remembering an episode brings about: those that must go for it, and itself."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from schema.envelope import AT_HEAD
from schema.events import EpisodeRecorded, Event, MemoryPolicy
from schema.messages.memory import CONTENT_BYTES_MAX
from service.memory.capacity import Held, Holdings, victims


async def remembered(
    holdings: Callable[[], Awaitable[Holdings]],
    policy: MemoryPolicy,
    episode: EpisodeRecorded,
    at: datetime,
) -> tuple[tuple[Event, ...], int]:
    """The events, *episode* last, and the version of memory that they rest on.

    Without a capacity they rest on none, and *holdings* is not asked. `Invalid` where one must go
    and none may.
    """
    if policy.capacity is None:
        return (episode,), AT_HEAD
    held = await holdings()
    new = Held(
        id="",  # It gets one with its place; as the last of the new ones it is no victim.
        entry=held.version + 1,
        importance=episode.importance,
        timestamp=episode.timestamp,
        pinned=episode.pinned,
        expires_at=episode.expires_at,
    )
    return (*victims(held, policy, [new], at), episode), held.version


def written_back(prompt: str, answer: str, session: str, at: datetime) -> EpisodeRecorded:
    """A session that answered, as an episode; of what is too long the beginnings are kept."""
    content = f"{prompt}\n\n{answer}"
    if len(content.encode(errors="surrogatepass")) > CONTENT_BYTES_MAX:
        half_bytes = CONTENT_BYTES_MAX // 2 - 1
        content = f"{_cut(prompt, half_bytes)}\n\n{_cut(answer, half_bytes)}"
    return EpisodeRecorded(
        content=content, importance=0.5, timestamp=at, tags=("session",), session=session
    )


def _cut(text: str, bytes_max: int) -> str:
    """The beginning of *text* that fits; what is half a character at its end goes."""
    return text.encode(errors="surrogatepass")[:bytes_max].decode(errors="ignore")
