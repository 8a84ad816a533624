"""A worker's process, as the one that started it sees it."""

import os
import re
import signal
import sys
from asyncio import create_subprocess_exec, timeout
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import structlog

from schema.errors import AgentRuntimeError, Broken, Unavailable
from service.graph.worker.frames import FrameReader, framed, packed, unpacked
from service.graph.worker.words import Answer, CalledBack, Failure, Reply, Request, Start

START_TIMEOUT_S: Final = 20.0
STOP_TIMEOUT_S: Final = 2.0
CALL_BACK_TIMEOUT_S: Final = 2.0
"""After that it is killed: something computes that no signal can stop."""
CALL_AGAIN_S: Final = 0.1
"""A signal that comes before the question has arrived means nothing."""

MODULE: Final = "service.graph.worker"
SECRETS: Final = re.compile(r"AGENT_RUNTIME_|ANTHROPIC_|OPENAI_|PG[A-Z]|.*_API_KEY$")
"""Variables of such names are ours alone."""
DRIVERS: Final = re.compile(r"PG[A-Z]+$")
"""Of these the driver reads some; a worker gets them by the pipe."""

log = structlog.get_logger()

S = TypeVar("S")


class Child:
    """A process that answers one question at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._stdin = _pipe(process.stdin)
        self._frames = FrameReader(_pipe(process.stdout))

    @classmethod
    async def start(cls, start: Start, *, niceness: int) -> "Child":
        """A process that waits for questions; an error of ours where it cannot."""
        # A session of its own: Ctrl-C in a terminal is for us, and we end the child in order.
        try:
            process = await create_subprocess_exec(
                sys.executable, "-P", "-m", MODULE,
                stdin=PIPE, stdout=PIPE, env=_environment(), start_new_session=True,
            )  # fmt: skip
        except OSError as error:  # No memory, no more processes, no more files.
            raise Unavailable(f"{MODULE} cannot be started: {error.strerror}", 1.0) from None
        child = cls(process)
        try:
            async with timeout(START_TIMEOUT_S):
                await child.ask(start)
            _make_nice(process.pid, niceness)  # From here on: to start has its time.
        except TimeoutError:
            await child.kill()
            raise Unavailable(f"{MODULE} did not start within {START_TIMEOUT_S:g} s", 1.0) from None
        except BaseException:
            await child.kill()
            raise
        return child

    @property
    def pid(self) -> int:
        """Its number, for as long as it lives."""
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def ask(self, request: Request) -> tuple[Answer, bytes]:
        """What it answers, and the result as JSON; or the error that it met.

        `Unavailable` where it dies over it. Cancelled, the question is still being answered: call
        it back.
        """
        with suppress(ConnectionError):  # The answer that does not come tells enough.
            self._stdin.write(framed(packed(request)))
            await self._stdin.drain()
        reply, result = await self._reply()
        if isinstance(reply, Failure):
            error = reply.error()
            if isinstance(error, Broken):  # Else nobody but the one who asked would hear of it.
                log.error("graph.question_broke", fault=str(error))
            raise error
        if isinstance(reply, CalledBack):
            raise Broken("a question was called back by nobody")
        return reply, result

    async def call_back(self) -> None:
        """End the question that it is at, or the process, where that takes too long."""
        try:
            async with timeout(CALL_BACK_TIMEOUT_S):
                while not await self._replied(CALL_AGAIN_S):
                    pass
        except (TimeoutError, ProcessLookupError, AgentRuntimeError):
            await self.kill()
        except BaseException:  # Nobody waits for the answer: the next question would get it.
            await self.kill()
            raise

    async def stop(self) -> None:
        """End it: its input ends, and where that does not do it, it is killed."""
        self._stdin.close()
        try:
            async with timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End it at once, if it still runs."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._stdin.close()
        await self._process.wait()

    async def _replied(self, timeout_s: float) -> bool:
        os.kill(self.pid, signal.SIGUSR1)
        with suppress(TimeoutError):
            async with timeout(timeout_s):
                await self._reply()
                return True
        return False

    async def _reply(self) -> tuple[Reply, bytes]:
        frame = await self._frames.read()
        if frame is None:
            status = await self._process.wait()
            raise Unavailable(f"the worker of graphs died (status {status}): try again", 0.1)
        head, result = frame
        reply: Reply = unpacked(head, Reply)
        return reply, result


def _environment() -> Mapping[str, str]:
    """Ours without its secrets: a process's environment can be listed."""
    return {name: value for name, value in os.environ.items() if not SECRETS.match(name)}


def _make_nice(pid: int, niceness: int) -> None:
    """Let the process have what others leave, as far as the system lets us."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, niceness)
        # Where Linux shares by session, a session's own niceness is what counts.
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness))


def driver_environment() -> dict[str, str]:
    """What the driver finds in our environment: where the database is, perhaps a password."""
    return {name: value for name, value in os.environ.items() if DRIVERS.match(name)}


def _pipe(stream: S | None) -> S:
    """*stream*, which is there because we asked for a pipe."""
    if stream is None:
        raise Broken("a child process was started without the pipes that we asked for")
    return stream
