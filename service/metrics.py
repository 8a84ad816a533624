"""What this process counts, in a registry of its own."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

SECONDS: Final = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
"""Buckets from a local tool's milliseconds to a long thought's minutes."""

TOKENS: Final = tuple(4**n for n in range(2, 11))
"""Buckets from 16 tokens to a million."""

DOLLARS: Final = (0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 25)


class Metrics:
    """Counters and histograms that nobody else counts into.

    A label only ever holds a name that we gave (a provider, a registered tool, a direction), never
    a model's or a caller's text: so the number of time series is bounded.
    """

    def __init__(self) -> None:
        ours = self.registry = CollectorRegistry()

        self.active_sessions = Gauge(
            "agent_runtime_active_sessions", "Sessions that run in this process now", registry=ours
        )
        self.total_sessions = Counter("agent_runtime_sessions", "Sessions started", registry=ours)
        self.total_steps = Counter("agent_runtime_steps", "Steps completed", registry=ours)
        self.total_tool_calls = Counter("agent_runtime_tool_calls", "Tools called", registry=ours)
        self.failed_tool_calls = Counter(
            "agent_runtime_failed_tool_calls", "Tool calls that failed", registry=ours
        )
        self.backpressure_shed_count = Counter(
            "agent_runtime_backpressure_shed", "Requests refused for want of room", registry=ours
        )
        self.memory_recall_count = Counter(
            "agent_runtime_memory_recalls", "Memories recalled for an agent", registry=ours
        )

        self.completion_s = Histogram(
            "agent_runtime_completion_seconds",
            "How long a model took to answer",
            ["provider"],
            buckets=SECONDS,
            registry=ours,
        )
        self.completion_tokens = Histogram(
            "agent_runtime_completion_tokens",
            "Tokens of one completion, by direction: input or output",
            ["provider", "direction"],
            buckets=TOKENS,
            registry=ours,
        )
        self.completion_dollars = Histogram(
            "agent_runtime_completion_dollars",
            "What one completion cost",
            ["provider"],
            buckets=DOLLARS,
            registry=ours,
        )
        self.tool_call_s = Histogram(
            "agent_runtime_tool_call_seconds",
            "How long a tool took",
            ["tool"],
            buckets=SECONDS,
            registry=ours,
        )

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
