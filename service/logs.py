"""Logs: structured, for people on a terminal and as JSON lines elsewhere, without secrets."""

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from math import isfinite
from typing import Final, Literal, TextIO

import stamina
import structlog
from structlog.typing import Processor

from schema.json_text import encode
from service.printable import printable

HIDDEN: Final = "[hidden]"
DEPTH_MAX: Final = 8
"""How deep a logged value is looked into; what lies deeper is left out."""

CHATTY: Final = ("alembic", "asyncio", "httpcore", "httpx")
"""Libraries that say at `info` what only a debugger wants."""

SECRET_NAME: Final = re.compile(
    r"(^|[_.\s-]|(?-i:(?<=[a-z])(?=[A-Z])))"  # a word of its own, also in camelCase
    r"(api[_-]?keys?|auth|authorization|bearer|cookies?|credentials?|database[_-]?url|dsn"
    r"|passw(or)?d|passphrase|private[_-]?key|secrets?|secret[_-]?key|token)$",
    re.IGNORECASE,
)
"""Names whose values are secret; `tokens` is a count and is not among them."""

SECRET_TEXT: Final = re.compile(
    r"(?P<before>[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@]+(?=@)"  # a password in a URL
    r"|(?P<scheme>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}"  # an Authorization header
    r"|(?P<parameter>[?&][\w.-]*(?:key|token|secret|password|signature)=)[^&\s\"']+"  # in a URL
    r"|\bsk-[\w-]{12,}",  # a provider's key
    re.IGNORECASE,
)


def configure_logs(
    level: Literal["debug", "info", "warning", "error"],
    form: Literal["console", "json"] | None,
    stream: TextIO | None = None,
) -> None:
    """Send every log event of this process, the libraries' too, to *stream* (default: stderr).

    *form* None means: for people if *stream* is a terminal, JSON lines if it is not.
    """
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(_formatter(out, form or ("console" if out.isatty() else "json")))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in CHATTY:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "WARNING")
    stamina.instrumentation.set_on_retry_hooks([])  # Who retries says so, in words of ours.
    structlog.configure(
        processors=[*_facts(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def hand_to_the_standard_library() -> None:
    """Where nobody configured logs, be a library among others: `logging` decides what is shown.

    By default those are warnings, on stderr: nothing comes between what a program prints itself.
    """
    if structlog.is_configured():
        return
    last = structlog.processors.KeyValueRenderer(key_order=["event"])
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_facts(),
            structlog.processors.format_exc_info,
            redact,
            last,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def redact(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """*event* without its secrets: by the names that hold them, and by how they look in text."""
    return {name: _clean(name, value, 0) for name, value in event.items()}


def _formatter(out: TextIO, form: Literal["console", "json"]) -> logging.Formatter:
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    # Tracebacks as plain text, since the richer forms show local variables, and redacted like it.
    last += [structlog.processors.format_exc_info, redact]
    if form == "console":
        plain = structlog.dev.plain_traceback
        colors = out.isatty() and "NO_COLOR" not in os.environ
        last += [_printable, structlog.dev.ConsoleRenderer(colors, exception_formatter=plain)]
    else:
        last.append(_as_json)
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_facts(), processors=last)


def _facts() -> list[Processor]:
    """What each log event says besides its own values."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _as_json(_logger: object, _method: str, event: MutableMapping[str, object]) -> str:
    return encode(dict(event), "log event")


def _clean(name: str, value: object, depth: int) -> object:
    """*value* in the plain shapes that JSON knows; *name* is the key that it stood under."""
    if value is None or isinstance(value, bool):
        return value
    if SECRET_NAME.search(name):
        return HIDDEN
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return value
    if depth > DEPTH_MAX:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(name, inner, depth + 1) for inner in value]
    return SECRET_TEXT.sub(_hide, value if isinstance(value, str) else repr(value))


def _hide(found: re.Match[str]) -> str:
    return f"{found['before'] or found['scheme'] or found['parameter'] or ''}{HIDDEN}"


def _printable(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """*event* without what would steer a terminal or cannot be written to one."""
    return {
        name: printable(value) if isinstance(value, str) else value for name, value in event.items()
    }
