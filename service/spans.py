"""Spans by OpenTelemetry; loaded only where they are wanted, see `service.tracing`."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final, TypeAlias

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
    SpanExporter,
)
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

NAME: Final = "agent-runtime"
CLOSE_TIMEOUT_S: Final = 3.0
"""How long our end may be held up by whom we tell; what they don't take until then is lost."""
VALUE_CHARS_MAX: Final = 65_536
"""Of one attribute: content can be long."""

Attribute: TypeAlias = str | int | float | bool | tuple[str, ...]

KINDS: Final = {
    "internal": SpanKind.INTERNAL,
    "client": SpanKind.CLIENT,
    "server": SpanKind.SERVER,
}
_PROPAGATOR: Final = TraceContextTextMapPropagator()


class OpenSpan:
    """A span that runs."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> str | None:
        """As others may go on with it."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, trace.set_span_in_context(self._span))
        return carrier.get("traceparent")

    def set(self, attributes: Mapping[str, Attribute | None]) -> None:
        """Say more of it."""
        for name, value in attributes.items():
            if value is not None:
                self._span.set_attribute(name, _short(value))

    def failed(self, kind: str) -> None:
        """It came to nothing."""
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))


class Spans:
    """Makes spans; made by `opened`."""

    def __init__(self, tracer: trace.Tracer, *, content: bool) -> None:
        self._tracer = tracer
        self.content = content

    @contextmanager
    def span(
        self,
        name: str,
        attributes: Mapping[str, Attribute | None],
        *,
        kind: str = "internal",
        parent: str | None = None,
    ) -> Iterator[OpenSpan]:
        """A span while the block runs; see `service.tracing.Tracing`."""
        told = {key: _short(value) for key, value in attributes.items() if value is not None}
        with self._tracer.start_as_current_span(
            name,
            context=_within(parent),
            kind=KINDS[kind],
            attributes=told,
            record_exception=False,  # Its message may quote what nobody is to read here.
            set_status_on_exception=False,
        ) as running:
            span = OpenSpan(running)
            try:
                yield span
            except BaseException as error:
                span.failed(type(error).__name__)
                raise


def exporter_to(destination: str) -> SpanExporter:
    """What tells *destination*; an OTLP one is configured by `OTEL_EXPORTER_OTLP_…`."""
    if destination == "console":
        return ConsoleSpanExporter(out=sys.stderr)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - as above.
        OTLPSpanExporter,
    )

    return OTLPSpanExporter()


@asynccontextmanager
async def opened(exporter: SpanExporter, *, content: bool) -> AsyncIterator[Spans]:
    """Spans that *exporter* is told of; ours alone: nobody else's provider is touched."""
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    remote = type(exporter).__module__.startswith("opentelemetry.exporter.")
    processor = BatchSpanProcessor if remote else SimpleSpanProcessor
    provider.add_span_processor(processor(exporter))
    try:
        yield Spans(provider.get_tracer(NAME), content=content)
    finally:
        closing = threading.Thread(target=provider.shutdown, name="spans", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSE_TIMEOUT_S)


def _resource() -> Resource:
    """Whom spans tell of; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` are heeded."""
    told = Resource.create()
    if str(told.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        return told.merge(Resource({SERVICE_NAME: NAME}))
    return told


def _within(parent: str | None) -> Context | None:
    if parent is None:
        return None
    return _PROPAGATOR.extract({"traceparent": parent}, Context())


def _short(value: Attribute) -> Attribute:
    return value[:VALUE_CHARS_MAX] if isinstance(value, str) else value
