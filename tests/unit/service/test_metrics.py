"""Metrics: seven counters, three histograms, nothing shared."""

from service.metrics import SECONDS, Metrics

COUNTED = [
    *("active_sessions", "sessions_total", "steps_total", "tool_calls_total"),
    *("failed_tool_calls_total", "backpressure_shed_total", "memory_recalls_total"),
]


def test_the_seven_counters_are_exposed_from_the_start():
    said = Metrics().exposition().decode()

    assert [f"agent_runtime_{name} 0.0\n" in said for name in COUNTED] == [True] * len(COUNTED)


def test_two_runtimes_do_not_count_into_each_other():
    first, second = Metrics(), Metrics()

    first.total_steps.inc()

    assert b"agent_runtime_steps_total 1.0" in first.exposition()
    assert b"agent_runtime_steps_total 0.0" in second.exposition()


def test_a_thought_of_minutes_falls_into_a_bucket():
    metrics = Metrics()

    metrics.completion_s.labels("local").observe(200)

    said = metrics.exposition().decode()
    assert 'seconds_bucket{le="120.0",provider="local"} 0.0' in said
    assert 'seconds_bucket{le="300.0",provider="local"} 1.0' in said
    assert list(SECONDS) == sorted(SECONDS)
