"""What came of many kills, as a table for people."""

from collections import Counter
from collections.abc import Sequence

from tests.kill.matrix import Came

FAULTS = ("lost", "twice", "key", "memory", "verify")
HEADS = ("model", "hit", "sessions", "kills", "completed", "reconciled", "never began", *FAULTS)


def table(came: Sequence[Came], seconds: float) -> str:
    """A row for each model and class of tools; below, each fault in words."""
    rows = [HEADS, *(_row(came, *kind) for kind in sorted({_kind(one) for one in came}))]
    rows.append(_cells("all", "", came))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    faults = [f"{one.case}: {fault}" for one in came for fault in one.faults]
    return "\n".join([*lines, *faults, f"in {seconds:.0f} s"])


def _kind(one: Came) -> tuple[str, str]:
    return one.case.model.partition(":")[0], one.hit


def _row(came: Sequence[Came], model: str, hit: str) -> tuple[str, ...]:
    return _cells(model, hit, [one for one in came if _kind(one) == (model, hit)])


def _cells(model: str, hit: str, came: Sequence[Came]) -> tuple[str, ...]:
    ends = Counter(one.end for one in came)
    faults = Counter(fault.partition(":")[0] for one in came for fault in one.faults)
    counts = (
        len(came),
        sum(one.kills for one in came),
        ends["completed"],
        sum(one.reconciled for one in came),
        ends["never began"],
        *(faults[kind] for kind in FAULTS),
    )
    return (model, hit, *map(str, counts))
