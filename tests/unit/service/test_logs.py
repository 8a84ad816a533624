"""Logs: one form for every library, and no secret in any of them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import stamina
import structlog
from hypothesis import given
from hypothesis import strategies as st

from service.logs import (
    DEPTH_MAX,
    HIDDEN,
    configure_logs,
    hand_to_the_standard_library,
    redact,
)

PLANTED = "hunter2-0123456789"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    stamina.instrumentation.set_on_retry_hooks(None)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def cleaned(**event: object) -> dict[str, Any]:
    return dict(redact(None, "info", event))


def test_a_log_event_is_one_json_line_with_its_level_time_and_values():
    out = io.StringIO()
    configure_logs("info", None, out)

    structlog.get_logger("agent").info("step.completed", step=3, ratio=0.5, tools=["grep"])

    line = json.loads(out.getvalue())
    assert line.items() >= {"event": "step.completed", "level": "info", "logger": "agent"}.items()
    assert (line["step"], line["ratio"], line["tools"]) == (3, 0.5, ["grep"])
    assert line["timestamp"].endswith("Z")


def test_who_retries_is_told_of_by_us_alone():
    configure_logs("info", "json", io.StringIO())

    assert stamina.instrumentation.get_on_retry_hooks() == ()


def test_where_nobody_configured_logs_they_go_the_standard_library_s_way(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
):
    structlog.reset_defaults()
    hand_to_the_standard_library()

    with caplog.at_level("WARNING"):
        structlog.get_logger("agent").info("session.rested")
        structlog.get_logger("agent").warning("call.retried", api_key=PLANTED)

    (record,) = caplog.records
    assert (record.levelname, record.name) == ("WARNING", "agent")
    assert record.getMessage().startswith("event='call.retried' api_key='[hidden]'")
    assert capsys.readouterr() == ("", "")


def test_what_is_bound_at_the_door_is_said_by_every_logger_behind_it():
    out = io.StringIO()
    configure_logs("info", "json", out)

    with structlog.contextvars.bound_contextvars(session="s-1"):
        structlog.get_logger().info("step.completed")
        logging.getLogger("a.library").warning("retrying %s", "now")

    ours, theirs = map(json.loads, out.getvalue().splitlines())
    assert ours["session"] == theirs["session"] == "s-1"
    assert (theirs["event"], theirs["logger"]) == ("retrying now", "a.library")


def test_what_is_below_the_level_is_not_said():
    out = io.StringIO()
    configure_logs("warning", "json", out)

    structlog.get_logger().info("step.completed")
    logging.getLogger("a.library").info("hello")

    assert out.getvalue() == ""


def test_a_terminal_gets_lines_for_people():
    out = Terminal()
    configure_logs("info", None, out)

    structlog.get_logger().info("step.completed", step=3)

    assert "step.completed" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_a_terminal_is_never_steered_by_what_is_logged():
    out = Terminal()
    configure_logs("info", "console", out)

    structlog.get_logger().info("tool.returned", text="\x1b[2J\ud800")

    assert "\x1b[2J" not in out.getvalue()
    assert "\\x1b[2J\\ud800" in out.getvalue()


def connect(url: str) -> None:
    raise OSError(f"no route to {url}")


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_is_logged_without_local_variables_and_passwords(form: Any):
    out = io.StringIO()
    configure_logs("info", form, out)

    try:
        connect(f"postgresql://me:{PLANTED}@host/db")
    except OSError:
        structlog.get_logger().exception("database.lost")
        logging.getLogger("a.library").exception("lost")

    assert out.getvalue().count("no route to postgresql://me:[hidden]@host/db") >= 2
    assert PLANTED not in out.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        *("api_key", "ANTHROPIC_API_KEY", "openaiApiKey", "x-api-key", "Authorization", "cookie"),
        *("password", "db.passwd", "client_secret", "token", "refreshToken", "dsn", "database_url"),
    ],
)
def test_a_value_is_hidden_by_the_name_it_stands_under(name: str):
    assert cleaned(**{name: PLANTED}) == {name: HIDDEN}
    assert cleaned(headers={name: [PLANTED]}) == {"headers": {name: HIDDEN}}


@pytest.mark.parametrize("name", ["tokens", "input_tokens", "author", "tool", "idempotency_key"])
def test_a_name_that_only_sounds_secret_keeps_its_value(name: str):
    assert cleaned(**{name: 7}) == {name: 7}


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (f"at postgresql://me:{PLANTED}@host/db", "at postgresql://me:[hidden]@host/db"),
        (f"sent Authorization: Bearer {PLANTED}", "sent Authorization: Bearer [hidden]"),
        ("key sk-ant-api03-abcdefghijkl refused", "key [hidden] refused"),
        (f"GET /v1?api_key={PLANTED}&limit=3", "GET /v1?api_key=[hidden]&limit=3"),
        ("https://host:8400/path", "https://host:8400/path"),
    ],
)
def test_a_secret_is_hidden_by_how_it_looks(said: str, left: str):
    assert cleaned(event=said) == {"event": left}
    assert cleaned(error=OSError(said)) == {"error": repr(OSError(left))}


def test_what_lies_too_deep_is_left_out():
    knot: list[object] = []
    knot.append(knot)

    assert json.dumps(cleaned(knot=knot)).count("[") == DEPTH_MAX + 1


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=20,
)


@given(VALUES)
def test_any_value_can_be_logged_as_one_line(value: object):
    out = io.StringIO()
    configure_logs("info", "json", out)

    structlog.get_logger().info("seen", value=value)

    assert json.loads(out.getvalue())["event"] == "seen"
    assert out.getvalue().count("\n") == 1
