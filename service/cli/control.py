"""`agent-runtime cancel`, `pause`, `approve`, `reject`, `reconcile`: a word to a session."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

from schema import json_text
from schema.errors import Invalid
from service.agent.session import SessionState, Status, fold
from service.cli.exits import Exit
from service.cli.messages import session_message
from service.cli.output import print_json, print_note
from service.config import Settings
from service.control import Control, Outcome, is_ready
from service.sessions import SHORT, find_session, read_session
from service.store import open_store

ACTOR: Final = "cli"
READ_BYTES_MAX: Final = 1 << 20


class Controls(Protocol):
    """What sessions can be told, here or by a service; see `service.control.Control`."""

    async def cancel(self, session_id: UUID, *, reason: str = "") -> object:
        """End the session."""

    async def pause(self, session_id: UUID, *, reason: str = "") -> object:
        """Let nothing more begin until it is resumed."""

    async def approve(
        self,
        session_id: UUID,
        call_id: str,
        *,
        arguments: dict[str, object] | None = None,
        reason: str = "",
    ) -> object:
        """Let a call run."""

    async def reject(self, session_id: UUID, call_id: str, *, reason: str = "") -> object:
        """Let a call never run."""

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
        """Let it spend so much in all."""


TellFn = Callable[[Controls, UUID], Awaitable[object]]


async def tell_session(settings: Settings, *, name: str, tell: TellFn, as_json: bool) -> Exit:
    """Tell the session *name* what *tell* says, and how it stands then."""
    async with open_store(settings) as log:
        session_id = await find_session(log, name)
        await tell(Control(log, ACTOR), session_id)
        state = fold(fact.event for fact in await read_session(log, session_id))
    tell_standing(session_id, state, as_json=as_json)
    return Exit.DONE


def tell_standing(session_id: UUID, state: SessionState, *, as_json: bool) -> None:
    """How the session stands, and what can be done next."""
    if as_json:
        print_json(session_message(session_id, state))
    else:
        print_note(_standing(session_id, state))


def json_given(option: str, text: str | None) -> Any:
    """The value of *text*, JSON or `@` and the file that holds it; None where it was not given."""
    if text is None:
        return None
    try:
        return json_text.decode(_read(option, text))
    except ValueError as error:
        raise Invalid(option, f"is no JSON: {error}") from None


def object_given(option: str, text: str | None) -> dict[str, object] | None:
    """The same, where it must be an object."""
    value = json_given(option, text)
    if value is None or isinstance(value, dict):
        return value
    raise Invalid(option, 'is no JSON object, as {"bill": 7} is')


def _read(option: str, text: str) -> str | bytes:
    if not text.startswith("@"):
        return text
    try:
        with Path(text[1:]).open("rb") as file:
            read = file.read(READ_BYTES_MAX + 1)
    except OSError as error:
        raise Invalid(option, f"{text[1:]}: {error.strerror}") from None
    if len(read) > READ_BYTES_MAX:
        raise Invalid(option, f"{text[1:]} has more than {READ_BYTES_MAX} bytes")
    return read


def _standing(session_id: UUID, state: SessionState) -> str:
    short = str(session_id)[-SHORT:]
    if state.doubtful:
        return f"Session {short} still asks what became of {', '.join(state.doubtful)}."
    if state.status is Status.WAITING and state.waiting_for:
        return f"Session {short} waits for a word about {', '.join(state.waiting_for)}."
    if is_ready(state) or state.status is Status.PAUSED:
        shown = "is paused" if state.status is Status.PAUSED else "can go on"
        return f"Session {short} {shown}. Next: agent-runtime resume {short}"
    return f"Session {short} is {state.status}."
