"""The service as a Python object: one method for what one asks of it, typed by its messages."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Literal
from urllib.parse import quote
from uuid import UUID

import httpx

from schema.messages import answers
from schema.messages.agents import DefineAgent
from schema.messages.answers import ListOf, SessionAnswer
from schema.messages.sessions import StartSession
from service.client.follow import Followed, follow
from service.client.minds import PAGE, Minds
from service.client.requests import Patience, Requests, read

TIMEOUT_S: Final = 40.0
"""For one attempt: a question about a graph may take 30 s."""
CONNECTIONS_MAX: Final = 100
PATIENT: Final = Patience()

Outcome = Literal["happened", "did_not_happen"]


class Client(Minds):
    """One service; made by `open_client`. Errors are those of the embedded runtime.

    What changes something is sent with an `Idempotency-Key`: it may be sent again, and acts once.
    """

    # ------------------------------------------------------------------------------- sessions ---

    async def start(self, command: StartSession) -> answers.StartedAnswer:
        """Begin a session; it runs in the service."""
        return await self._requests.post(answers.StartedAnswer, "/v1/sessions", command)

    async def session(self, session: UUID) -> SessionAnswer:
        """How it stands."""
        return await self._requests.get(SessionAnswer, f"/v1/sessions/{session}")

    def sessions(
        self, *, agent: str | None = None, status: str | None = None, at_least: str | None = None
    ) -> AsyncGenerator[SessionAnswer, None]:
        """All of them, the newest first."""
        query = {"agent": agent, "status": status, "at_least": at_least}
        return self._listed(ListOf[SessionAnswer], "/v1/sessions", query)

    async def state(self, session: UUID, at: int | str | None = None) -> answers.StateAnswer:
        """All that its events add up to, up to a version or a label."""
        path = f"/v1/sessions/{session}/state"
        return await self._requests.get(answers.StateAnswer, path, at=at)

    async def events(
        self, session: UUID, after: int = 0
    ) -> AsyncGenerator[answers.EventAnswer, None]:
        """Its events behind version *after*, up to now."""
        place: str | None = str(after)
        while place is not None:
            part = await self._requests.get(
                ListOf[answers.EventAnswer],
                f"/v1/sessions/{session}/events",
                after=place,
                limit=PAGE,
            )
            for event in part.data:
                yield event
            place = part.next_cursor

    def follow(self, session: UUID, after: int = 0) -> AsyncGenerator[Followed, None]:
        """Its events behind version *after*, old and new, and its model's words, until it is done.

        Lost connections are made anew; no event is lost or told twice.
        """
        path = f"/v1/sessions/{session}/stream"
        return follow(self._requests, path, after=str(after) if after else "")

    async def verify(self, session: UUID) -> answers.VerifiedAnswer:
        """Whether its events are what its rules make of them."""
        return await self._requests.post(
            answers.VerifiedAnswer, f"/v1/sessions/{session}/verify", {}
        )

    async def label(
        self, session: UUID, label: str, at: int | None = None
    ) -> answers.CheckpointAnswer:
        """Give a version of it a name."""
        path = f"/v1/sessions/{session}/checkpoints"
        said = {"label": label} if at is None else {"label": label, "at": at}
        return await self._requests.post(answers.CheckpointAnswer, path, said)

    async def cancel(self, session: UUID, reason: str = "") -> SessionAnswer:
        """End it; what it has done stays in the log."""
        return await self._tell(session, "cancel", {"reason": reason})

    async def pause(self, session: UUID, reason: str = "") -> SessionAnswer:
        """Let it begin nothing more until it is resumed."""
        return await self._tell(session, "pause", {"reason": reason})

    async def resume(self, session: UUID, reason: str = "") -> SessionAnswer:
        """Let it go on."""
        return await self._tell(session, "resume", {"reason": reason})

    async def approve(
        self,
        session: UUID,
        call: str,
        *,
        arguments: Mapping[str, Any] | None = None,
        reason: str = "",
    ) -> SessionAnswer:
        """Let a call run that waits for a word."""
        said: dict[str, Any] = {"approved": True, "reason": reason}
        if arguments is not None:
            said["arguments"] = arguments
        return await self._tell(session, f"approvals/{quote(call)}", said)

    async def reject(self, session: UUID, call: str, *, reason: str = "") -> SessionAnswer:
        """Let a call that waits for a word never run."""
        said = {"approved": False, "reason": reason}
        return await self._tell(session, f"approvals/{quote(call)}", said)

    async def reconcile(
        self, session: UUID, call: str, outcome: Outcome, *, data: Any = None, reason: str = ""
    ) -> SessionAnswer:
        """Say what became of a call whose outcome is unknown."""
        said = {"outcome": outcome, "data": data, "reason": reason}
        return await self._tell(session, f"reconcile/{quote(call)}", said)

    async def raise_budget(
        self, session: UUID, *, reason: str = "", **most: float | None
    ) -> SessionAnswer:
        """Let it spend so much in all, by kind: `tokens`, `steps`, `seconds`, `cost`."""
        said = {name: value for name, value in most.items() if value is not None}
        return await self._tell(session, "budget", {**said, "reason": reason})

    async def _tell(self, session: UUID, what: str, said: Mapping[str, Any]) -> SessionAnswer:
        return await self._requests.post(SessionAnswer, f"/v1/sessions/{session}/{what}", said)

    # --------------------------------------------------------------------------------- agents ---

    async def define(
        self, agent: str, command: DefineAgent, *, rests_on: int | None = None
    ) -> answers.DefinedAnswer:
        """Record what an agent is from here on; *rests_on* is the version that was seen."""
        headers = {} if rests_on is None else {"If-Match": f'"{rests_on}"'}
        said = await self._requests.send(
            "PUT", f"/v1/agents/{quote(agent)}", body=command, headers=headers
        )
        return read(answers.DefinedAnswer, said)

    async def agent(self, agent: str) -> answers.DefinedAnswer:
        """What an agent is."""
        return await self._requests.get(answers.DefinedAnswer, f"/v1/agents/{quote(agent)}")

    def agents(self) -> AsyncGenerator[answers.AgentAnswer, None]:
        """Every agent."""
        return self._listed(ListOf[answers.AgentAnswer], "/v1/agents", {})

    def definitions(self, agent: str) -> AsyncGenerator[answers.DefinedAnswer, None]:
        """All that an agent was defined as."""
        path = f"/v1/agents/{quote(agent)}/versions"
        return self._listed(ListOf[answers.DefinedAnswer], path, {})

    # ------------------------------------------------------------------------ log and operation ---

    def follow_log(self, after: str = "") -> AsyncGenerator[Followed, None]:
        """Every event behind a token, or behind `now`; without either, all of them. For ever."""
        query = {"after": "now"} if after == "now" else {}
        place = "" if after == "now" else after
        return follow(self._requests, "/v1/events/stream", after=place, query=query)

    async def log(self, after: str | None = None, limit: int = PAGE) -> answers.LogAnswer:
        """The next events of the whole log."""
        return await self._requests.get(answers.LogAnswer, "/v1/events", after=after, limit=limit)

    def tools(self) -> AsyncGenerator[answers.ToolAnswer, None]:
        """What sessions may be given."""
        return self._listed(ListOf[answers.ToolAnswer], "/v1/tools", {}, paged=False)

    def projections(self) -> AsyncGenerator[answers.ProjectionAnswer, None]:
        """How far read models are."""
        return self._listed(ListOf[answers.ProjectionAnswer], "/v1/projections", {}, paged=False)


@asynccontextmanager
async def open_client(
    url: str,
    *,
    key: str | None = None,
    patience: Patience = PATIENT,
    transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
) -> AsyncIterator[Client]:
    """A client of the service at *url*, by *key*."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=CONNECTIONS_MAX)
    async with httpx.AsyncClient(
        base_url=url,
        headers=headers,
        timeout=TIMEOUT_S,
        limits=limits,
        transport=None if transport is None else transport(),
    ) as http:
        yield Client(Requests(http, patience))
