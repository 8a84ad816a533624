"""What one who follows a session was told already, and the words that come next."""

import asyncio
from collections.abc import Sequence
from typing import Final

from service.api.live_frames import THINKING, Frame, ephemeral
from service.voices import Voice

WORDS_PAUSE_S: Final = 0.05
"""Words come at most so often; what is said in between comes together."""
ANSWERS: Final = frozenset({"completion_received", "completion_failed", "completion_abandoned"})
ENDS: Final = frozenset({"session_completed", "session_failed", "session_cancelled"})


class Told:
    """How far a stream has come."""

    def __init__(self, version: int, *, ended: bool) -> None:
        self.version = version
        self.ended = ended
        """Whether the session's last event was told, or had been."""
        self.answered = 0
        """The version at which the model's last words were told for good."""
        self.thought = 0
        self.words = 0
        self.words_at = 0.0
        """When words were told last, by the loop's clock."""
        self.words_due = False

    def take(self, frames: Sequence[Frame]) -> bytes:
        """*frames* as they are sent; they are told from then on."""
        for frame in frames:
            self.version = frame.place
            if frame.type in ANSWERS:
                self.answered = frame.place
            self.ended = self.ended or frame.type in ENDS
        return b"".join(frame.sent for frame in frames)

    def words_wait_s(self, now: float) -> float:
        """How long to wait for words that may not come yet; for ever where there are none."""
        return max(0.0, self.words_at + WORDS_PAUSE_S - now) if self.words_due else float("inf")


def words_of(voice: Voice | None, told: Told, now: float) -> bytes:
    """What was said since, if it is time; never after the event that tells it for good."""
    told.words_due = False
    if voice is None or not voice.thought or not told.answered <= voice.behind <= told.version:
        return b""
    begun = voice.thought != told.thought
    if not begun and len(voice.words) == told.words:
        return b""
    told.words_due = now < told.words_at + WORDS_PAUSE_S
    if told.words_due:
        return b""
    start = 0 if begun else told.words
    told.thought, told.words, told.words_at = voice.thought, len(voice.words), now
    text = "".join(voice.words[start:])
    return (THINKING if begun else b"") + (ephemeral("delta", {"text": text}) if text else b"")


class Quiet:
    """How long a stream has been silent."""

    def __init__(self, beat_s: float) -> None:
        self._beat_s = beat_s
        self._clock = asyncio.get_running_loop().time
        self._since = self._clock()

    @property
    def now(self) -> float:
        """The loop's clock."""
        return self._clock()

    @property
    def left_s(self) -> float:
        """Until a beat is due."""
        return max(0.0, self._since + self._beat_s - self.now)

    @property
    def is_over(self) -> bool:
        """Whether a beat is due."""
        return self.left_s <= 0

    def broken(self, sent: bytes) -> bytes:
        """*sent*, which is sent now."""
        self._since = self._clock()
        return sent
