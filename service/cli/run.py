"""`agent-runtime run`: a session from its prompt to its answer, seen as it happens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from rich.console import Console

from eventlog.heads import heads_of
from schema.errors import AgentRuntimeError, Fenced, LeaseLost
from schema.messages.sessions import StartSession
from service.agent.session import SessionState, Status
from service.agent.tools import Tool, builtin_tools
from service.cli.console import counted, err, out, plain, status_text
from service.cli.exits import Exit
from service.cli.messages import session_message
from service.cli.output import print_json, print_note
from service.cli.watching import JsonWatcher, telling
from service.config import Settings
from service.effects import Watcher
from service.lease import Lease
from service.runtime import Runtime, open_runtime
from service.sessions import SHORT

ACTOR: Final = "cli"
DEFAULT_MODEL: Final = "local:smollm2-135m"


@dataclass(frozen=True)
class Allowed:
    """What tools may reach on this machine and beyond."""

    files_root: Path | None
    http: bool

    def tools(self) -> tuple[Tool, ...]:
        """Every tool that there is to choose from."""
        return builtin_tools(self.files_root, allow_http=self.http)


async def run_prompt(
    settings: Settings, *, command: StartSession, allowed: Allowed, as_json: bool
) -> Exit:
    """Start a session and run it to its end; whoever stops us has it cancelled."""
    console = out()
    async with (
        opened(settings, allowed) as runtime,
        watching(runtime, console, as_json=as_json) as watcher,
    ):
        lease = await runtime.start_session(await _with_model(runtime, command), actor=ACTOR)
        state = await drive(runtime, lease, watcher)
    tell_end(lease.session_id, state, as_json=as_json)
    return Exit.DONE if state.status is Status.COMPLETED else Exit.FAILED


async def _with_model(runtime: Runtime, command: StartSession) -> StartSession:
    """*command*; where neither it nor a definition says a model, with the one that comes along."""
    if command.model or await runtime.definition_of(command.agent):
        return command
    return command.model_copy(update={"model": DEFAULT_MODEL})


@asynccontextmanager
async def opened(settings: Settings, allowed: Allowed) -> AsyncIterator[Runtime]:
    """The runtime; on a terminal we say what the wait is for, which is long the first time."""
    console = err()
    place = "PostgreSQL" if settings.database_url is None else "the database"
    waiting = console.status(f"Opening {place} …") if console.is_terminal else nullcontext()
    with ExitStack() as shown:
        shown.enter_context(waiting)
        async with open_runtime(settings, allowed.tools()) as runtime:
            shown.close()
            yield runtime


@asynccontextmanager
async def watching(runtime: Runtime, console: Console, *, as_json: bool) -> AsyncIterator[Watcher]:
    """Who tells of a session as it goes: a story, or lines of JSON."""
    if not as_json:
        with telling(console) as watcher:
            yield watcher
        return
    async with runtime.log.database.acquire() as conn:
        heads = await heads_of(conn)
    yield JsonWatcher(runtime.log.epoch, heads)


async def drive(runtime: Runtime, lease: Lease, watcher: Watcher) -> SessionState:
    """Drive a session to where it rests; whoever stops us has it cancelled."""
    try:
        return await runtime.run_session(lease, watcher)
    except (asyncio.CancelledError, BrokenPipeError):
        # Nobody waits for the answer any more; without this, another process would go on with it.
        await _cancel(runtime, lease, "stopped by who ran it")
        print_note(f"Session {_short(lease.session_id)} was cancelled. Its steps are kept.")
        raise
    except (Fenced, LeaseLost):
        raise  # It goes on elsewhere, and is not ours to end.
    except Exception as error:
        with suppress(AgentRuntimeError):  # What it broke on may be the log itself.
            await _cancel(runtime, lease, _fault(error))
        raise


async def _cancel(runtime: Runtime, lease: Lease, reason: str) -> None:
    await runtime.cancel_session(lease.session_id, reason, actor=ACTOR)
    await runtime.leases.release(lease)


def _fault(error: Exception) -> str:
    """What stopped a session, by name alone: an error's words may quote a secret."""
    code = f" ({error.code})" if isinstance(error, AgentRuntimeError) else ""
    return f"stopped by {type(error).__name__}{code}"


def tell_end(session_id: UUID, state: SessionState, *, as_json: bool) -> None:
    """Say how a session stands, and what to look at next."""
    if as_json:
        print_json(session_message(session_id, state))
        return
    console = out()
    short, usage = _short(session_id), state.usage
    end = (
        f"after {counted(state.steps, 'step')}, {usage.input_tokens} + {usage.output_tokens} tokens"
    )
    console.print()
    console.print(plain(f"session {short}"), status_text(state.status), plain(end))
    console.print(plain(f"next:  agent-runtime show {short}"))
    console.print(plain(f"       agent-runtime replay {short} --verify"))


def _short(session_id: UUID) -> str:
    return str(session_id)[-SHORT:]
