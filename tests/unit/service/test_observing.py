"""What guards tell of: counted under names that we gave, and logged without others' words."""

from structlog.testing import capture_logs

from schema.errors import ProviderUnavailable
from service.agent.tools import ToolError
from service.metrics import Metrics
from service.observing import on_breaker_moved, on_retry
from service.orchestrator.breaker import BreakerMoved
from service.orchestrator.circuit import State
from service.orchestrator.retry import Retrying


def test_a_retry_is_counted_and_logged_but_not_in_a_tool_s_own_words():
    metrics = Metrics()
    with capture_logs() as logged:
        for kind, name, error in (
            ("model", "openai", ProviderUnavailable("busy")),
            ("tool", "http_get", ToolError("transient", "hunter2")),
            ("tool", "http_get", ConnectionError("hunter2")),
        ):
            on_retry(metrics, kind, name)(Retrying(attempt=1, wait_s=0.5, error=error))

    retries = metrics.retries.labels("tool", "http_get")._value.get()
    assert retries == 2
    assert [line["why"] for line in logged] == [
        *("ProviderUnavailable('busy')", "ToolError: transient", "ConnectionError"),
    ]


def test_a_breaker_is_counted_by_what_it_guards_and_not_by_what_a_model_wrote():
    metrics = Metrics()
    with capture_logs() as logged:
        for name in ("model:openai:gpt", "tool:http_get:a.example", "tool:http_get:b.example"):
            moved = BreakerMoved(name=name, before=State.CLOSED, after=State.OPEN, failures=5)
            on_breaker_moved(metrics)(moved)

    told = metrics.exposition().decode()
    assert 'breaker_moves_total{kind="tool",name="http_get",state="open"} 2.0' in told
    assert 'breaker_moves_total{kind="model",name="openai",state="open"} 1.0' in told
    assert [line["log_level"] for line in logged] == ["warning"] * 3
