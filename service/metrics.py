"""What this process counts, in a registry of its own."""

import math
from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest

PREFIX: Final = "agent_runtime"

SECONDS: Final = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
"""Buckets from a local tool's milliseconds to a long thought's minutes."""

QUICK_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)
"""Buckets for what takes milliseconds when all is well."""

TOKENS: Final = tuple(4**n for n in range(2, 11))
"""Buckets from 16 tokens to a million."""


class Metrics:
    """Counters and histograms that nobody else counts into.

    A label only ever holds a name that we gave (a provider, a registered tool, a direction), never
    a model's or a caller's text: so the number of time series is bounded.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # Its memory, CPU and open files, where told.
        self.active_sessions = Gauge(
            f"{PREFIX}_active_sessions",
            "Sessions that run in this process now",
            registry=self.registry,
        )
        self.total_sessions = self._counter("sessions", "Sessions started")
        self.total_steps = self._counter("steps", "Steps completed")
        self.total_tool_calls = self._counter("tool_calls", "Tools called")
        self.failed_tool_calls = self._counter("failed_tool_calls", "Tool calls that failed")
        self.backpressure_shed_count = self._counter(
            "backpressure_shed", "Requests refused for want of room"
        )
        self.memory_recall_count = self._counter("memory_recalls", "Memories recalled for an agent")
        self.memory_ann_recall_at_10 = Gauge(
            f"{PREFIX}_memory_ann_recall_at_10",
            "Share of the ten nearest memories that indexes found, of the last questions to them",
            registry=self.registry,
        )
        self.memory_ann_recall_at_10.set(math.nan)  # Nothing was asked yet, not nothing found.
        self.completion_s = self._histogram(
            "completion_seconds", "How long a model took to answer", ["provider"], SECONDS
        )
        self.completion_tokens = self._histogram(
            "completion_tokens",
            "Tokens of one completion, by direction: input or output",
            ["provider", "direction"],
            TOKENS,
        )
        self.cost_usd = self._labelled(
            "cost_usd", "What completions cost, by the prices that are known", ["provider"]
        )
        self.failed_completions = self._labelled(
            "failed_completions",
            "Model calls given up, by the code of the error",
            ["provider", "code"],
        )
        self.tool_call_s = self._histogram(
            "tool_call_seconds", "How long a tool took", ["tool"], SECONDS
        )
        self.step_s = self._histogram(
            "step_seconds", "From one thought to the next, or to the session's rest", [], SECONDS
        )
        self.append_s = self._histogram(
            "append_seconds", "How long a session's append took to be durable", [], QUICK_SECONDS
        )
        self.rested_sessions = self._labelled(
            "rested_sessions", "Sessions that came to rest here, by their status then", ["status"]
        )
        self.fallbacks = self._labelled(
            "fallbacks", "Models chosen because those before had failed", ["provider"]
        )
        self.retries = self._labelled(
            "retries", "Attempts that failed and were followed by another", ["kind", "name"]
        )
        self.breaker_moves = self._labelled(
            "breaker_moves",
            "Circuit breakers that came into another state, as this process saw it",
            ["kind", "name", "state"],
        )

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, what: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", what, registry=self.registry)

    def _labelled(self, name: str, what: str, labels: Sequence[str]) -> Counter:
        return Counter(f"{PREFIX}_{name}", what, labels, registry=self.registry)

    def _histogram(
        self, name: str, what: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", what, labels, buckets=buckets, registry=self.registry)
