"""The tool `http_get`: a page or a document from the public internet.

Its effect is `pure`: HTTP promises that GET changes nothing, and what it read stands in the log,
so that running it again after a crash is harmless. A server that acts on GET breaks that promise.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Final

import httpcore
import httpx
from pydantic import Field

from schema.events import Effect, ToolExample
from service.agent.tools.checked_network import CheckedNetwork
from service.agent.tools.observation import Kind, ToolError
from service.agent.tools.tool import Tool, tool
from service.agent.tools.web_body import Body, read_body
from service.agent.tools.web_text import is_textual, text_of

TIMEOUT_S: Final = 20.0
"""Of the whole call, redirects and all."""
REDIRECTS_MAX: Final = 5
TEXT_BYTES_MAX: Final = 48 * 1024
"""Of the text that the model gets to see."""
HOST_CHARS_MAX: Final = 150
"""Of a host in its breaker's name; a longer one is none."""
_FAULT_CHARACTERS_MAX: Final = 500

_REDIRECTS: Final = (301, 302, 303, 307, 308)
_HEADERS: Final = (
    ("User-Agent", "agent-runtime"),
    ("Accept", "text/*, application/json, application/xml;q=0.9, */*;q=0.1"),
    ("Accept-Encoding", "gzip"),
)
_TIMEOUT: Final = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a server sent; no body where nobody would read it."""

    url: httpx.URL
    status: int
    content_type: str
    location: str | None
    body: Body


def http_get_tool(
    network: httpcore.AsyncNetworkBackend | None = None, *, hosts: frozenset[str] | None = None
) -> Tool:
    """The tool `http_get`; None lets it reach every public host, *hosts* only those.

    *network* dials: by default only addresses of the public internet, checked at each redirect.
    """
    checked = network or CheckedNetwork()

    @tool(
        effect=Effect.PURE,
        examples=(
            ToolExample(
                task="What does https://example.org/ say?",
                arguments={"url": "https://example.org/"},
                result={"url": "https://example.org/", "text": "Example Domain …"},
            ),
            ToolExample(
                task="Look up https://example.com/data.json",
                arguments={"url": "https://example.com/data.json"},
                result={"url": "https://example.com/data.json", "text": '{"pears": 3}'},
            ),
        ),
        timeout_s=TIMEOUT_S,
        reaches=_host,
    )
    async def http_get(
        url: Annotated[str, "http:// or https://", Field(max_length=2000)],
    ) -> dict[str, Any]:
        """Read a web page or document (text, HTML, JSON, XML) as text."""
        answer = await _followed(url, checked, hosts)
        return await asyncio.to_thread(_told, answer)  # a page of a megabyte takes a while to read

    return http_get


async def _followed(
    url: str, network: httpcore.AsyncNetworkBackend, hosts: frozenset[str] | None
) -> _Answer:
    """The first answer that is no redirect; the address of each is checked like the first."""
    target = _parsed(url, None)
    for _ in range(REDIRECTS_MAX + 1):
        _check(target, hosts)
        answer = await _answered(target, network)
        if answer.location is None:
            return answer
        target = _parsed(answer.location, target)
    raise ToolError("permanent", f"{url} redirects more than {REDIRECTS_MAX} times")


def _host(given: Mapping[str, Any]) -> str | None:
    """Whom a call asks first: that one being away says nothing of the others."""
    try:
        return httpx.URL(given["url"]).host[:HOST_CHARS_MAX] or None
    except httpx.InvalidURL:
        return None


def _parsed(url: str, base: httpx.URL | None) -> httpx.URL:
    try:
        return httpx.URL(url) if base is None else base.join(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise ToolError("permanent", f"{url[:200]} is no URL: {error}") from error


def _check(url: httpx.URL, hosts: frozenset[str] | None) -> None:
    if url.scheme not in ("http", "https") or not url.host:
        raise ToolError("blocked", f"{url} is no http:// or https:// address")
    if url.userinfo:
        raise ToolError("blocked", "an address with a user or password in it is not followed")
    if hosts is not None and url.host.lower() not in hosts:
        raise ToolError("blocked", f"{url.host} is not among the allowed hosts")


async def _answered(url: httpx.URL, network: httpcore.AsyncNetworkBackend) -> _Answer:
    """One request over a connection of its own: no pool, no cookies, no proxy from outside."""
    tls = await asyncio.to_thread(_tls) if url.scheme == "https" else None
    try:
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=tls, max_connections=1, network_backend=network
            ) as pool,
            pool.stream(
                "GET",
                httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=_HEADERS,
                extensions={"timeout": _TIMEOUT},
            ) as response,
        ):
            return await _received(url, response)
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        reason = str(error) or type(error).__name__
        raise ToolError("transient", f"{url.host} did not answer properly: {reason}") from error


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Made once and in a thread: reading the certificates takes up to a tenth of a second."""
    return httpx.create_ssl_context(trust_env=False)


async def _received(url: httpx.URL, response: httpcore.Response) -> _Answer:
    headers = {
        key.decode("latin-1").lower(): value.decode("latin-1") for key, value in response.headers
    }
    content_type = headers.get("content-type", "")
    redirected = response.status in _REDIRECTS and "location" in headers
    wanted = is_textual(content_type) and not redirected
    encoding = headers.get("content-encoding", "")
    return _Answer(
        url=url,
        status=response.status,
        content_type=content_type,
        location=headers["location"] if redirected else None,
        body=await read_body(response.aiter_stream(), encoding) if wanted else Body(),
    )


def _told(answer: _Answer) -> dict[str, Any]:
    """The answer for the model, or `ToolError` with a kind that fits the status."""
    textual, kind = is_textual(answer.content_type), answer.content_type.partition(";")[0]
    text = text_of(answer.body.content, answer.content_type) if textual else ""
    if answer.status >= httpx.codes.BAD_REQUEST:
        said = text[:_FAULT_CHARACTERS_MAX].strip() if textual else kind
        sentence = f"{answer.url} answered with status {answer.status}: {said or 'nothing'}"
        raise ToolError(_kind(answer.status), sentence)
    if not textual:
        raise ToolError("permanent", f"{answer.url} is {kind}, not text")
    return _fitting(answer, text)


def _kind(status: int) -> Kind:
    if status in (404, 410):
        return "not_found"
    passing = status in (408, 425, 429) or status >= httpx.codes.INTERNAL_SERVER_ERROR
    return "transient" if passing else "permanent"


def _fitting(answer: _Answer, text: str) -> dict[str, Any]:
    encoded = text.encode(errors="replace")
    shown = encoded[:TEXT_BYTES_MAX].decode(errors="ignore")
    result: dict[str, Any] = {"url": str(answer.url), "text": shown}
    return {**result, "cut": True} if answer.body.cut or len(encoded) > TEXT_BYTES_MAX else result
