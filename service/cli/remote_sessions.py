"""Commands around sessions against a service: run, list, show, replay, log, and words to them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from schema.errors import Invalid, NotFound
from schema.messages.answers import EventAnswer, SessionAnswer, VerifiedAnswer
from schema.messages.sessions import StartSession
from service.agent.session import SessionState, Status, evolve, fold
from service.cli.console import out, print_clipped
from service.cli.control import Controls, tell_standing
from service.cli.exits import Exit
from service.cli.log import line_of
from service.cli.output import print_json, print_note
from service.cli.remote import find_session, read_session, recorded, taken
from service.cli.replay import tell_report, tell_states
from service.cli.run import DEFAULT_MODEL, Allowed, tell_end
from service.cli.sessions import tell_sessions
from service.cli.show import place, tell_shown
from service.cli.watching import telling
from service.client import Client
from service.control import Outcome
from service.effects import Unwatched, Watcher
from service.replay.report import Checked, Difference, Report
from service.replay.states import version_at
from service.sessions import SHORT, SessionRow

LAST_MAX: Final = 10_000
NO_PARTITION: Final = 0

TellFn = Callable[[Controls, UUID], Awaitable[Any]]


async def run_prompt(
    client: Client, *, said: Callable[..., StartSession], allowed: Allowed, as_json: bool
) -> Exit:
    """Start a session there, and see it run; whoever stops us has it cancelled."""
    see_nothing_allowed(allowed)
    command = said(files_root=Path(), allow_http=True)  # The service knows what it lets tools do.
    started = await client.start(await _with_model(client, command))
    return await _seen(client, started.id, 0, as_json=as_json)


async def resume_session(
    client: Client, *, name: str, reason: str, allowed: Allowed, as_json: bool
) -> Exit:
    """Let a session go on there, and see it run."""
    see_nothing_allowed(allowed)
    session_id = await find_session(client, name)
    before = (await client.session(session_id)).version
    await client.resume(session_id, reason)
    return await _seen(client, session_id, before, as_json=as_json)


def see_nothing_allowed(allowed: Allowed) -> None:
    """`Invalid` where tools were to be let reach something: of what runs there, we can't say."""
    if allowed.files_root is not None or allowed.http:
        option = "--allow-http" if allowed.http else "--files-root"
        raise Invalid(option, "tools run in the service, which lets them reach what it will")


async def _with_model(client: Client, command: StartSession) -> StartSession:
    if command.model:
        return command
    try:
        await client.agent(command.agent)
    except NotFound:
        return command.model_copy(update={"model": DEFAULT_MODEL})
    return command


async def _seen(client: Client, session_id: UUID, after: int, *, as_json: bool) -> Exit:
    """Tell what comes behind version *after* until the session rests, and how it stands then."""
    try:
        async with _watching(as_json=as_json) as watcher:
            state = await _watch(client, session_id, after, watcher, as_json=as_json)
    except (asyncio.CancelledError, BrokenPipeError):
        await client.cancel(session_id, "stopped by who ran it")
        print_note(f"Session {str(session_id)[-SHORT:]} was cancelled. Its steps are kept.")
        raise
    tell_end(session_id, state, as_json=as_json)
    return Exit.DONE if state.status is Status.COMPLETED else Exit.FAILED


@asynccontextmanager
async def _watching(*, as_json: bool) -> AsyncIterator[Watcher]:
    if as_json:
        yield Unwatched()
        return
    with telling(out()) as watcher:
        yield watcher


async def _watch(
    client: Client, session_id: UUID, after: int, watcher: Watcher, *, as_json: bool
) -> SessionState:
    state = SessionState()
    agent_id = (await client.session(session_id)).agent or ""
    async with aclosing(client.follow(session_id)) as followed:
        async for one in followed:
            if one.event is not None:
                fact = recorded(one.event, agent_id)
                state = evolve(state, fact.event)
                if as_json and fact.version > after:
                    print_json(_event(one.event))
                watcher.recorded(fact)
                if fact.version > after and state.status is not Status.RUNNING:
                    break
            elif one.thinking:
                watcher.thinking()
            elif one.delta:
                watcher.said(one.delta)
    return state


async def show_sessions(client: Client, *, limit: int, as_json: bool) -> Exit:
    """The newest sessions, the newest first."""
    rows = [_row(one) for one in await taken(client.sessions(), limit)]
    tell_sessions(rows, unseen=False, as_json=as_json)
    return Exit.DONE


def _row(session: SessionAnswer) -> SessionRow:
    """*session* as its row has it; what an older service does not tell is not there."""
    said = {
        **session.model_dump(exclude={"agent", "usage"}),
        **session.usage.model_dump(),
        "partition": NO_PARTITION,
        "agent_id": session.agent or "",
    }
    fields: dict[str, Any] = {name: said.get(name) for name in SessionRow.__dataclass_fields__}
    return SessionRow(**fields)


async def show_session(client: Client, *, name: str, at: str | None, as_json: bool) -> Exit:
    """A session at any version, but for the agent's mind, which `memory` and `graph` show."""
    session_id = await find_session(client, name)
    facts = await read_session(client, session_id)
    tell_shown(session_id, facts, version_at(facts, place(at)), mind=None, as_json=as_json)
    return Exit.DONE


async def replay_session(
    client: Client, *, name: str, at: str | None, verifying: bool, as_json: bool
) -> Exit:
    """A session's states, folded here; verified, there: digests need what only the log has."""
    if verifying and at is not None:
        raise Invalid("--at", "a service verifies a session whole: leave it out")
    session_id = await find_session(client, name)
    facts = await read_session(client, session_id)
    tell_states(facts[: version_at(facts, place(at))], as_json=as_json)
    if not verifying:
        return Exit.DONE
    return tell_report(_report(await client.verify(session_id)), as_json=as_json)


def _report(answer: VerifiedAnswer) -> Report:
    different = answer.difference
    return Report(
        checked=msgspec.convert(answer.checked, Checked),
        difference=None if different is None else msgspec.convert(different, Difference),
    )


async def show_log(
    client: Client, *, follow: bool, last: int | None, after: str | None, as_json: bool
) -> Exit:
    """Every event of the log, as the service tells them."""
    if last is not None:
        raise Invalid("--last", "a service tells what lies behind a token: use --after, or none")
    if follow:
        async with aclosing(client.follow_log(after or "")) as followed:
            async for one in followed:
                if one.event is not None:
                    _tell(one.event, as_json=as_json)
        return Exit.DONE
    token = after
    while True:
        part = await client.log(token)
        for event in part.data:
            _tell(event, as_json=as_json)
        token = part.next_cursor
        if token is None:
            return Exit.DONE


def _tell(event: EventAnswer, *, as_json: bool) -> None:
    if as_json:
        print_json(_event(event))
    else:
        print_clipped(line_of(recorded(event, ""), "…"))


def _event(event: EventAnswer) -> dict[str, Any]:
    return event.model_dump()


async def tell_session(client: Client, *, name: str, tell: TellFn, as_json: bool) -> Exit:
    """Tell the session *name* what *tell* says, and how it stands then."""
    session_id = await find_session(client, name)
    await tell(RemoteControl(client), session_id)
    facts = await read_session(client, session_id)
    tell_standing(session_id, fold(fact.event for fact in facts), as_json=as_json)
    return Exit.DONE


class RemoteControl:
    """`Controls` of a service's sessions."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def cancel(self, session_id: UUID, *, reason: str = "") -> object:
        """End it."""
        return await self._client.cancel(session_id, reason)

    async def pause(self, session_id: UUID, *, reason: str = "") -> object:
        """Let it begin nothing more."""
        return await self._client.pause(session_id, reason)

    async def approve(
        self,
        session_id: UUID,
        call_id: str,
        *,
        arguments: dict[str, object] | None = None,
        reason: str = "",
    ) -> object:
        """Let a call run."""
        return await self._client.approve(session_id, call_id, arguments=arguments, reason=reason)

    async def reject(self, session_id: UUID, call_id: str, *, reason: str = "") -> object:
        """Let a call never run."""
        return await self._client.reject(session_id, call_id, reason=reason)

    async def reconcile(
        self,
        session_id: UUID,
        call_id: str,
        outcome: Outcome,
        *,
        data: object = None,
        reason: str = "",
    ) -> object:
        """Say what became of a call."""
        return await self._client.reconcile(session_id, call_id, outcome, data=data, reason=reason)

    async def raise_budget(
        self,
        session_id: UUID,
        *,
        tokens: int | None = None,
        steps: int | None = None,
        seconds: float | None = None,
        cost: float | None = None,
        reason: str = "",
    ) -> object:
        """Let it spend more."""
        return await self._client.raise_budget(
            session_id, reason=reason, tokens=tokens, steps=steps, seconds=seconds, cost=cost
        )
