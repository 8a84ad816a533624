"""Runs one command from settings to exit code; nothing it meets on purpose ends in a traceback."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import uvloop

from schema.errors import AgentRuntimeError, Invalid
from service.cli.exits import Exit, exit_of
from service.cli.output import print_error
from service.cli.reaching import see_database_answer
from service.config import LogLevel, Settings, read_settings
from service.logs import configure_logs

if TYPE_CHECKING:
    from service.cli.remote import RemoteWork

NOTHING_GIVEN: Final[Mapping[str, str]] = MappingProxyType({})

Work: TypeAlias = Callable[[Settings], int]
"""What a command does, with everything it was told bound into it; gives the exit code."""
AsyncWork: TypeAlias = Callable[[Settings], Coroutine[Any, Any, int]]


def execute(
    work: AsyncWork,
    *,
    as_json: bool,
    patient: bool = False,
    remote: "RemoteWork | None" = None,
    url: str | None = None,
) -> int:
    """What came of *work* on an event loop of its own; see `execute_blocking`.

    Unless it is *patient*, a database that does not answer is told at once. Where a service is
    named, *remote* is done there.
    """
    begun = work if patient else partial(_once_reached, work)

    def do(settings: Settings) -> int:
        chosen = begun if settings.url is None else partial(_there, remote)
        return uvloop.run(_until_terminated(chosen(settings)))

    return execute_blocking(do, as_json=as_json, given={} if url is None else {"url": url})


async def _there(remote: "RemoteWork | None", settings: Settings) -> int:
    if remote is None:
        detail = "this command works on the database itself: leave --url and AGENT_RUNTIME_URL out"
        raise Invalid("--url", detail)
    from service.cli.remote import remotely

    return await remotely(remote, settings)


def execute_blocking(work: Work, *, as_json: bool, given: Mapping[str, str] = NOTHING_GIVEN) -> int:
    """What came of *work*; an error of ours is told in one line on stderr.

    *given* are settings that were typed.
    """
    try:
        settings = read_settings(**given)
        configure_logs(_log_level(settings), settings.log_format)
        return work(settings)
    except AgentRuntimeError as error:
        print_error(error, as_json=as_json)
        return exit_of(error)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return Exit.PIPE_CLOSED


async def _once_reached(work: AsyncWork, settings: Settings) -> int:
    await see_database_answer(settings)
    return await work(settings)


async def _until_terminated(work: Coroutine[Any, Any, int]) -> int:
    """*work* to its end, or to a SIGTERM, after which it still cleans up behind itself."""
    ours = asyncio.current_task()
    terminated = asyncio.Event()

    def terminate() -> None:
        terminated.set()
        if ours is not None:
            ours.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    try:
        return await work
    except asyncio.CancelledError:
        if terminated.is_set():
            return Exit.TERMINATED
        raise


def _log_level(settings: Settings) -> LogLevel:
    """A command says itself what came of it; the logs say more only to who asks."""
    return settings.log_level if "log_level" in settings.model_fields_set else "error"


def _forget_output() -> None:
    """Nobody reads it: let nothing be flushed there when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
