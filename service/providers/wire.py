"""Posting to a provider, and reading what answers: a stream of events, or one document."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import httpx

from schema import json_text
from schema.errors import ProviderRefused, ProviderUnavailable
from service.providers import faults
from service.providers.rate_limit import RateLimit, rate_limit_in
from service.providers.secrets import Redactor
from service.providers.sse import SentEvent, SseParser

CONNECT_TIMEOUT_S: Final = 10.0
READ_TIMEOUT_S: Final = 120.0
"""Between two pieces of an answer; thinking models are silent for long."""
WRITE_TIMEOUT_S: Final = 30.0
POOL_TIMEOUT_S: Final = 30.0
"""For a connection, while all are in use."""
DRAIN_TIMEOUT_S: Final = 0.25
"""For the end of a stream whose last event was read, so that the connection can be used again."""
CONNECTIONS_MAX: Final = 100
ANSWER_BYTES_MAX: Final = 32 << 20
"""On the wire, where a token's piece takes some hundred bytes: far less of it is the answer."""
ERROR_BYTES_MAX: Final = 16 << 10
_OK: Final = 200
_NO_STREAM: Final = ("application/json", "text/html")
_HTTPX_FAULTS: Final = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL)

TIMEOUT: Final = httpx.Timeout(
    connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S, write=WRITE_TIMEOUT_S, pool=POOL_TIMEOUT_S
)
LIMITS: Final = httpx.Limits(max_connections=CONNECTIONS_MAX)


class Reader(Protocol):
    """Puts an answer together from its events."""

    @property
    def ended(self) -> bool:
        """Whether the model has said all; what may still come is of no weight."""
        ...

    def read(self, event: SentEvent) -> bool:
        """Take *event*; True where it was the stream's last."""
        ...


@dataclass(slots=True)
class Wire:
    """One provider's address: posts bodies to it and tells what came of it.

    Every fault is `ProviderUnavailable` or `ProviderRefused`, with no key in its text.
    """

    provider: str
    client: httpx.AsyncClient
    redactor: Redactor
    rate_limit: RateLimit | None = None
    """As the last answer told it."""

    async def ask(
        self, path: str, body: Mapping[str, Any], reader: Reader, timeout_s: float
    ) -> httpx.Headers:
        """Post *body*, feed the answer's events to *reader*; the answer's headers."""
        headers = httpx.Headers()
        try:
            async with asyncio.timeout(timeout_s), self._posted(path, body) as response:
                headers = response.headers
                self._check_streams(headers)
                await self._read(response, reader)
        except (TimeoutError, *_HTTPX_FAULTS, ProviderUnavailable, ProviderRefused) as error:
            if not reader.ended:
                # Not `from error`: that one's text and request know the key.
                raise self._fault(error, timeout_s) from None
        if not reader.ended:
            raise ProviderUnavailable(f"{self.provider} cut its answer short")
        return headers

    async def fetch(self, path: str, body: Mapping[str, Any], timeout_s: float) -> bytes:
        """Post *body*; the whole document that answers it."""
        try:
            async with asyncio.timeout(timeout_s), self._posted(path, body) as response:
                return await self._whole(response)
        except (TimeoutError, *_HTTPX_FAULTS, ProviderUnavailable, ProviderRefused) as error:
            raise self._fault(error, timeout_s) from None  # as in `ask`

    @asynccontextmanager
    async def _posted(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[httpx.Response]:
        """The answer to *body*, not read yet; raises where it is an error's."""
        content = json_text.encode(body, field="request").encode()
        async with self.client.stream("POST", path, content=content) as response:
            limits = rate_limit_in(response.headers, datetime.now(UTC))
            self.rate_limit = limits or self.rate_limit
            if response.status_code != _OK:
                complaint = faults.complaint_in(await _beginning(response))
                raise faults.answered(
                    self.provider, response.status_code, complaint, response.headers
                )
            yield response

    def _check_streams(self, headers: httpx.Headers) -> None:
        if headers.get("content-type", "").startswith(_NO_STREAM):
            raise ProviderRefused(f"{self.provider} sent no event stream: check the base URL")

    async def _read(self, response: httpx.Response, reader: Reader) -> None:
        parser, received_bytes = SseParser(), 0
        chunks = response.aiter_bytes()
        async for chunk in chunks:
            received_bytes += len(chunk)
            if received_bytes > ANSWER_BYTES_MAX:
                raise ProviderUnavailable(
                    f"{self.provider} sent more than {ANSWER_BYTES_MAX} bytes for one answer: "
                    "smaller max_output_tokens keep it shorter"
                )
            for event in parser.feed(chunk):
                if reader.read(event):
                    await _drain(chunks)
                    return

    async def _whole(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > ANSWER_BYTES_MAX:
                raise ProviderUnavailable(
                    f"{self.provider} sent more than {ANSWER_BYTES_MAX} bytes for one answer"
                )
        return bytes(body)

    def _fault(self, error: Exception, timeout_s: float) -> ProviderUnavailable | ProviderRefused:
        """*error* as one of the tree, every key in its text hidden."""
        if isinstance(error, ProviderUnavailable | ProviderRefused):
            error.args = (self.redactor.hide(str(error)),)
            return error
        if isinstance(error, TimeoutError):
            return ProviderUnavailable(f"{self.provider} gave no whole answer in {timeout_s:g} s")
        what = self.redactor.hide(f"{type(error).__name__} {error}".strip())
        where = self.client.base_url.host
        return ProviderUnavailable(f"no answer from {self.provider} at {where}: {what}")


async def _beginning(response: httpx.Response) -> bytes:
    """As much of an error's body as we care to read."""
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > ERROR_BYTES_MAX:
            break
    return body[:ERROR_BYTES_MAX]


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read what is left, which gives the connection back; a stream without end is left alone."""
    with suppress(TimeoutError, *_HTTPX_FAULTS):
        async with asyncio.timeout(DRAIN_TIMEOUT_S):
            async for _ in chunks:
                pass


def join_text(pieces: Iterable[str]) -> str:
    """The text of *pieces*; a surrogate pair that was cut apart becomes its character again.

    JSON text would join the two halves too, and the log gives back what JSON says.
    """
    text = "".join(pieces)
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
