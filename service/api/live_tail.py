"""The last events of a stream, encoded once, and the signal that there are more."""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from eventlog.signals import Signal
from service.api.live_frames import Frame

FRAMES_MAX: Final = 256
BYTES_MAX: Final = 1 << 20
"""What one stream that is listened to may hold; who is further behind reads the log."""


class Tail:
    """Frames of consecutive places, the oldest forgotten first."""

    def __init__(self, *, frames_max: int = FRAMES_MAX, bytes_max: int = BYTES_MAX) -> None:
        self.signal = Signal()
        self.listeners = 0
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._frames_max = frames_max
        self._bytes_max = bytes_max

    def put(self, frame: Frame) -> None:
        """Hold *frame*, and wake who waits."""
        if self._frames and frame.place != self._frames[-1].place + 1:
            self._frames.clear()  # Something lies between: let them look into the log.
            self._bytes = 0
        self._frames.append(frame)
        self._bytes += len(frame.sent)
        while len(self._frames) > self._frames_max or (
            self._bytes > self._bytes_max and len(self._frames) > 1
        ):
            self._bytes -= len(self._frames.popleft().sent)
        self.signal.send()

    def after(self, place: int) -> Sequence[Frame] | None:
        """The frames behind *place*; None where some of them are here no more."""
        if not self._frames or self._frames[-1].place <= place:
            return ()
        missing = self._frames[0].place - place - 1
        if missing > 0:
            return None
        return tuple(islice(self._frames, -missing, None))
