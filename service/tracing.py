"""Spans: who is told how long what took. Nothing is loaded or done for them while they are off."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any, Final, Literal, Protocol, TypeAlias

import structlog

from schema.errors import Refused

Attribute: TypeAlias = str | int | float | bool | tuple[str, ...]
Attributes: TypeAlias = Mapping[str, Attribute | None]
"""By the names of the conventions; what is None is left out."""
SpanKind = Literal["internal", "client", "server"]
Destination = Literal["off", "otlp", "console"]

NOT_INSTALLED: Final = (
    "spans are wanted, and OpenTelemetry is not installed: pip install 'agent-runtime[otel]'"
)
ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

log = structlog.get_logger()


class Span(Protocol):
    """Something that takes a while, and is told when it is over."""

    @property
    def traceparent(self) -> str | None:
        """As others may go on with it; None where nobody is told."""
        ...

    def set(self, attributes: Attributes) -> None:
        """Say more of it."""
        ...

    def failed(self, kind: str) -> None:
        """It came to nothing; *kind* is a name of ours for why, never a message."""
        ...


class Tracing(Protocol):
    """What makes spans; `OFF`, or made by `open_tracing`."""

    @property
    def content(self) -> bool:
        """Whether prompts, answers, arguments and results may stand in spans."""
        ...

    def span(
        self,
        name: str,
        attributes: Attributes,
        *,
        kind: SpanKind = "internal",
        parent: str | None = None,
    ) -> AbstractContextManager[Span]:
        """A span while the block runs, within *parent* (a traceparent), else within the current.

        An error that leaves the block is told by its class alone.
        """
        ...


class _Nothing:
    """The span that nobody is told of."""

    traceparent = None

    def set(self, attributes: Attributes) -> None:
        """Nobody is told."""

    def failed(self, kind: str) -> None:
        """Nobody is told."""


class _Off:
    content = False

    def span(
        self,
        name: str,  # noqa: ARG002 - the protocol's.
        attributes: Attributes,  # noqa: ARG002
        *,
        kind: SpanKind = "internal",  # noqa: ARG002
        parent: str | None = None,  # noqa: ARG002
    ) -> AbstractContextManager[Span]:
        return _NOWHERE


_NOWHERE: Final = nullcontext(_Nothing())
OFF: Final[Tracing] = _Off()


@asynccontextmanager
async def open_tracing(
    destination: Destination | None, *, content: bool, exporter: Any = None
) -> AsyncIterator[Tracing]:
    """Spans to *destination* while the block runs; where it is None, as `OTEL_…` variables say.

    What is still to be told at the end is told then, for a bounded time. An *exporter* of
    OpenTelemetry's own kind takes the place of any destination.
    """
    chosen = destination or told_by(os.environ)
    if exporter is None and chosen == "off":
        yield OFF
        return
    try:
        from service import spans  # noqa: PLC0415 - costs nobody who did not ask for it.
    except ImportError:
        if destination is not None:
            raise Refused(f"{NOT_INSTALLED}, or set AGENT_RUNTIME_TRACES=off") from None
        # The variables may be there for others on the same machine.
        log.warning("traces.off", why=NOT_INSTALLED)
        yield OFF
        return
    async with spans.opened(exporter or spans.exporter_to(chosen), content=content) as tracing:
        yield tracing


def told_by(environment: Mapping[str, str]) -> Destination:
    """Where OpenTelemetry's own variables want spans to go."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return "off"
    wanted = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if wanted in {"otlp", "console"}:
        return "otlp" if wanted == "otlp" else "console"
    if not wanted and any(environment.get(name) for name in ENDPOINTS):
        return "otlp"
    return "off"
