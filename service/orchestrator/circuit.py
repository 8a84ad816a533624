"""The rules of a circuit breaker: what it is in, and what moves it on; pure.

              `threshold` failures in a row              its time has passed: one probe goes
    CLOSED ──────────────────────────────────→ OPEN ──────────────────────────────────→ HALF_OPEN
      ↑                                          ↑                                        │   │
      │                                          └────────── the probe failed ────────────┘   │
      └────────────────────────────────────────────────────── the probe succeeded ────────────┘

A probe that ends without telling anything (cancelled, or refused for what it asked) leaves room for
the next at once; one whose process died does so when its lease ends. A call that began before the
last move has nothing to say any more: each move has a number, its generation.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from schema.errors import Invalid


class State(StrEnum):
    """What a circuit is in."""

    CLOSED = "closed"
    """Calls pass."""
    OPEN = "open"
    """Nothing passes until its time has come."""
    HALF_OPEN = "half_open"
    """One probe is under way, or may go at once; nothing else passes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Circuit:
    """One circuit at one time."""

    state: State = State.CLOSED
    failures: int = 0
    """So many in a row."""
    generation: int = 0
    until_s: float = 0.0
    """When the next call may go, by the clock of the store that keeps it; 0: at any time."""

    def admits(self, now_s: float) -> bool:
        """Whether a call may go: any, where it is closed, else one as a probe."""
        return now_s >= self.until_s


@dataclass(frozen=True, kw_only=True)
class Rules:
    """When a circuit opens, and for how long."""

    threshold: int
    """After so many failures in a row."""
    recovery_window_s: float
    """So long nothing passes."""
    probe_lease_s: float = 15.0
    """A prober that isn't heard of for so long is dead. While it lives it renews its lease."""

    def __post_init__(self) -> None:
        """Refuse what could not be done."""
        if self.threshold < 1:
            raise Invalid("threshold", f"{self.threshold} is less than 1")
        for field in ("recovery_window_s", "probe_lease_s"):
            value = getattr(self, field)
            if not (isfinite(value) and value > 0):
                raise Invalid(field, f"{value} is not a number of seconds above 0")


def probed(circuit: Circuit, now_s: float, rules: Rules) -> Circuit:
    """Somebody wants to call: a probe, if it's time for one."""
    if circuit.state is State.CLOSED or not circuit.admits(now_s):
        return circuit
    return _moved(circuit, State.HALF_OPEN, circuit.failures, now_s + rules.probe_lease_s)


def succeeded(circuit: Circuit, generation: int) -> Circuit:
    """A call of *generation* succeeded."""
    if circuit.generation != generation:
        return circuit
    if circuit.state is State.CLOSED:
        return Circuit(generation=generation) if circuit.failures else circuit
    return _moved(circuit, State.CLOSED, 0, 0.0)


def failed(circuit: Circuit, generation: int, now_s: float, rules: Rules) -> Circuit:
    """A call of *generation* failed."""
    if circuit.generation != generation:
        return circuit
    failures = circuit.failures + 1
    if circuit.state is State.CLOSED and failures < rules.threshold:
        return Circuit(failures=failures, generation=generation)
    return _moved(circuit, State.OPEN, failures, now_s + rules.recovery_window_s)


def released(circuit: Circuit, generation: int) -> Circuit:
    """A call of *generation* ended without telling anything of what it called."""
    if circuit.generation != generation or circuit.state is State.CLOSED:
        return circuit
    return _moved(circuit, State.HALF_OPEN, circuit.failures, 0.0)


def renewed(circuit: Circuit, generation: int, now_s: float, rules: Rules) -> Circuit:
    """The probe of *generation* is still under way."""
    if circuit.generation != generation or circuit.state is not State.HALF_OPEN:
        return circuit
    return Circuit(
        state=circuit.state,
        failures=circuit.failures,
        generation=generation,
        until_s=now_s + rules.probe_lease_s,
    )


def _moved(circuit: Circuit, state: State, failures: int, until_s: float) -> Circuit:
    return Circuit(
        state=state, failures=failures, generation=circuit.generation + 1, until_s=until_s
    )
