"""The hub of this process: reads the log once, for all who follow a session or the whole of it.

Nobody has a queue. Who listens asks for what is behind the last event that they were given: from
the tail of the stream, which is encoded once for all, and where they are further behind, from the
log itself. So a slow client costs what it is being sent, and never more.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final
from uuid import UUID

import structlog

from eventlog.heads import heads_of
from eventlog.log import EventLog
from eventlog.retrying import PASSING
from eventlog.signals import Signal, heard
from eventlog.subscribe import Subscription
from eventlog.tokens import to_token
from schema.envelope import RecordedEvent
from schema.errors import AgentRuntimeError, Shed, Unavailable
from schema.ids import session_stream
from service.api.live_following import Quiet, Told, words_of
from service.api.live_frames import BEAT, ephemeral, log_frame, session_frame
from service.api.live_past import past_of_log, past_of_session
from service.api.live_tail import Tail
from service.api.session_views import shown_session
from service.voices import Voices

BEAT_S: Final = 15.0
"""How long a stream may be silent."""
LISTENERS_MAX: Final = 10_000
REST_S: Final = 1.0
"""How long the hub waits after the log could not be read."""
START_TIMEOUT_S: Final = 10.0
LOG_FRAMES_MAX: Final = 2000
LOG_BYTES_MAX: Final = 8 << 20

logged = structlog.get_logger()


class Live:
    """Follows the log for all who listen; it reads only while somebody does."""

    def __init__(self, log: EventLog, voices: Voices, *, beat_s: float = BEAT_S) -> None:
        self._log = log
        self._voices = voices
        self._beat_s = beat_s
        self._sessions: dict[str, Tail] = {}
        self._whole = Tail(frames_max=LOG_FRAMES_MAX, bytes_max=LOG_BYTES_MAX)
        self._count = 0
        """Of the events that the hub has seen of the whole log."""
        self._positions: dict[int, int] = {}
        self._listeners = 0
        self._wanted = asyncio.Event()
        self._reading = asyncio.Event()
        self._lost = 0
        """How often the hub lost the thread; who listened before must begin anew."""
        self._closed = False
        voices.on_said = self._on_said

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return self._listeners

    def see_room(self) -> None:
        """Return if one more may listen; `Shed` if there are too many, or we are closing."""
        if self._closed:
            raise Unavailable("this process stops: ask another one", REST_S)
        if self._listeners >= LISTENERS_MAX:
            raise Shed("streams", depth=self._listeners, capacity=LISTENERS_MAX)

    async def run(self) -> None:
        """Read the log for those who listen, until cancelled."""
        while True:
            await self._wanted.wait()
            try:
                await self._read()
            except (AgentRuntimeError, *PASSING) as error:
                logged.warning("live.interrupted", listeners=self._listeners, error=repr(error))
                self._lose()
                await asyncio.sleep(REST_S)

    def close(self) -> None:
        """End every stream: clients come again, and are answered by another process."""
        self._closed = True
        self._lose()

    async def follow_session(
        self, session_id: UUID, after: int, *, ended: bool
    ) -> AsyncGenerator[bytes, None]:
        """What comes to the session behind version *after*, old or new, and what its model says.

        It ends behind the last event of a session that has *ended*, with `done`.
        """
        stream = session_stream(session_id)
        told, quiet = Told(after, ended=ended), Quiet(self._beat_s)
        async with self._listening(self._tail_of(stream), stream) as thread:
            level = False
            tail = self._sessions[stream]
            while thread == self._lost:
                ring = tail.signal.next()
                frames = tail.after(told.version) if level else None
                if frames is None:
                    async with aclosing(past_of_session(self._log, session_id, told.version)) as b:
                        async for block in b:
                            past = [session_frame(self._log.epoch, fact) for fact in block]
                            yield quiet.broken(told.take(past))
                    level = True
                elif frames:
                    yield quiet.broken(told.take(frames))
                elif told.ended:
                    shown = await shown_session(self._log, session_id)
                    level = shown["version"] <= told.version
                    if level:
                        yield ephemeral("done", shown)
                        return
                elif words := words_of(self._voices.of(session_id), told, quiet.now):
                    yield quiet.broken(words)
                elif quiet.is_over:
                    yield quiet.broken(BEAT)
                else:
                    await heard(ring, min(quiet.left_s, told.words_wait_s(quiet.now)))

    async def follow_log(self, after: Mapping[int, int] | None) -> AsyncGenerator[bytes, None]:
        """Every event behind the positions *after*, old or new; None: only those that come."""
        quiet = Quiet(self._beat_s)
        async with self._listening(self._whole, None) as thread:
            positions = dict(self._positions if after is None else after)
            place: int | None = None
            while thread == self._lost:
                ring = self._whole.signal.next()
                if place is None:
                    place, up_to = self._count, dict(self._positions)
                    if any(positions[one] > up_to[one] for one in up_to):
                        place = None  # The hub has not come as far as the client: it will soon.
                        await heard(ring, quiet.left_s)
                        continue
                    async with aclosing(past_of_log(self._log, positions, up_to)) as blocks:
                        async for block in blocks:
                            yield quiet.broken(b"".join(self._past(positions, block)))
                frames = self._whole.after(place)
                if frames is None:
                    place = None
                elif frames:
                    place = frames[-1].place
                    positions |= {frame.partition: frame.position for frame in frames}
                    yield quiet.broken(b"".join(frame.sent for frame in frames))
                elif not await heard(ring, quiet.left_s):
                    yield quiet.broken(BEAT)

    def _past(self, positions: dict[int, int], block: Sequence[RecordedEvent]) -> list[bytes]:
        """*block* for one who has come to *positions*, which are moved along."""
        sent = []
        for fact in block:
            positions[fact.partition] = fact.position
            sent.append(log_frame(0, to_token(self._log.epoch, positions), fact).sent)
        return sent

    def _tail_of(self, stream: str) -> Tail:
        return self._sessions.setdefault(stream, Tail())

    @asynccontextmanager
    async def _listening(self, tail: Tail, stream: str | None) -> AsyncIterator[int]:
        """While the block runs, *tail* gets what comes; gives which reading of the hub's it is."""
        tail.listeners += 1
        self._listeners += 1
        self._wanted.set()
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._reading.wait()
            yield self._lost
        except TimeoutError:
            raise Unavailable("the log cannot be followed now: come again", REST_S) from None
        finally:
            tail.listeners -= 1
            self._listeners -= 1
            if not tail.listeners and stream is not None:
                del self._sessions[stream]
            if not self._listeners:
                self._wanted.clear()

    async def _read(self) -> None:
        """Hand on what comes to the log until nobody listens."""
        async with self._log.database.acquire() as conn:
            self._positions = await heads_of(conn)
        reader = Subscription(self._log.database, self._log.bell, after=self._positions, types=None)
        self._reading.set()
        async with aclosing(reader.blocks()) as blocks:
            async for block in blocks:
                for fact in block:
                    self._hand_on(fact)
                if not self._listeners:
                    self._reading.clear()  # Before anybody else can come.
                    return

    def _hand_on(self, fact: RecordedEvent) -> None:
        tail = self._sessions.get(fact.stream)
        if tail is not None:
            tail.put(session_frame(self._log.epoch, fact))
        self._positions[fact.partition] = fact.position
        self._count += 1
        if self._whole.listeners:
            token = to_token(self._log.epoch, self._positions)
            self._whole.put(log_frame(self._count, token, fact))

    def _lose(self) -> None:
        """End the streams that are open: what they have not been given, the log has."""
        self._reading.clear()
        self._lost += 1
        for signal in self._signals():
            signal.send()

    def _signals(self) -> list[Signal]:
        return [self._whole.signal, *(tail.signal for tail in self._sessions.values())]

    def _on_said(self, session_id: UUID) -> None:
        tail = self._sessions.get(session_stream(session_id))
        if tail is not None:
            tail.signal.send()
