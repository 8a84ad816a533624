"""Requests to the service: sent again where that is safe and may help."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import uuid4

import httpx
from pydantic import BaseModel

from schema import json_text
from schema.errors import AgentRuntimeError, Unavailable
from service.client.errors import FaultThere, error_of
from service.orchestrator.retry import Retry

A = TypeVar("A", bound=BaseModel)

ANSWER_BYTES_MAX: Final = 64 << 20
JSON: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to try."""

    attempts: int = 6
    base_s: float = 0.25
    """The longest wait after the first failure; it doubles."""
    deadline_s: float = 60.0
    """For one request with all its attempts."""
    silence_s: float = 45.0
    """After which a stream, which beats more often, is taken for lost."""


class Requests:
    """Sends requests to one service."""

    def __init__(self, http: httpx.AsyncClient, patience: Patience) -> None:
        self._http = http
        self.patience = patience
        self._retry = Retry(
            attempts=patience.attempts, base_s=patience.base_s, deadline_s=patience.deadline_s
        )

    async def get(self, kind: type[A], path: str, **query: Any) -> A:
        """What is answered at *path*."""
        return read(kind, await self.send("GET", path, query=query))

    async def post(
        self, kind: type[A], path: str, body: BaseModel | Mapping[str, Any] | None = None
    ) -> A:
        """What is answered to *body*; however often it has to be sent, it acts once."""
        said = await self.send("POST", path, body=body, key=f"client-{uuid4()}")
        return read(kind, said)

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: BaseModel | Mapping[str, Any] | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON that is answered; raises what `errors` makes of anything else."""
        said = {**(headers or {}), **({} if body is None else JSON)}
        if key is not None:
            said["Idempotency-Key"] = key
        given = {name: value for name, value in (query or {}).items() if value not in (None, ())}
        content = None if body is None else _content(body)

        async def once() -> Any:
            try:
                answer = await self._http.request(
                    method, path, params=given, content=content, headers=said
                )
            except httpx.TransportError as error:
                raise unreached(self._http, error) from error
            return _said(answer)

        return await self._retry.call(once)

    @asynccontextmanager
    async def streaming(
        self, path: str, query: Mapping[str, str], last_id: str
    ) -> AsyncGenerator[httpx.Response, None]:
        """The answer of a stream, which has begun behind *last_id*; it is not tried again here."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
        timeout = httpx.Timeout(30.0, read=self.patience.silence_s)
        try:
            async with self._http.stream(
                "GET", path, params=dict(query), headers=headers, timeout=timeout
            ) as answer:
                if answer.status_code != httpx.codes.OK:
                    await answer.aread()
                    raise error_of(answer)
                yield answer
        except httpx.TransportError as error:
            raise unreached(self._http, error) from error


def read(kind: type[A], said: Any) -> A:
    """*said* as what was answered; what a newer service says besides is passed over."""
    return kind.model_validate(said, extra="ignore")


def unreached(http: httpx.AsyncClient, error: httpx.TransportError) -> Unavailable:
    """What *error* tells: nobody answers, or no longer."""
    what = str(error) or type(error).__name__
    return Unavailable(f"{http.base_url.copy_with(userinfo=b'')} does not answer: {what}")


def _said(answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise error_of(answer)
    try:
        return json_text.decode(answer.content)
    except ValueError:
        raise _no_service(answer) from None


def _no_service(answer: httpx.Response) -> AgentRuntimeError:
    media = answer.headers.get("Content-Type", "something")
    return FaultThere(
        f"{answer.url.host} answers with {media}, not with JSON: is that the address?"
    )


def _content(body: BaseModel | Mapping[str, Any]) -> bytes:
    """*body* as JSON; of a message only what was said, so that the rest is as defined there."""
    plain = body
    if isinstance(body, BaseModel):
        plain = body.model_dump(mode="python", by_alias=True, exclude_unset=True)
    return json_text.encode(plain, "body").encode()
