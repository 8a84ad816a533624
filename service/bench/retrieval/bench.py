"""The bench `retrieval`: how much of the evidence each preset recalls, one result for each."""

from collections.abc import Callable
from typing import Final

from eventlog.database import Database
from service.bench.bench import Budget
from service.bench.figures import percentile
from service.bench.measure import Result
from service.bench.retrieval.asking import CUTS, Tally, memory_of, tallies
from service.bench.retrieval.presets import DEFAULT, PRESETS
from service.bench.retrieval.sets import RetrievalSet
from service.bench.retrieval.talk import generated
from service.config import Settings

NAME: Final = "retrieval"
CUT: Final = 10
"""Of which the value speaks; the other cuts stand beside it."""
BUDGET: Final = Budget(figure="value", at_least=0.7)


def shipped_set() -> RetrievalSet:
    """The set that is measured where no other is given."""
    return RetrievalSet(name="generated", conversations=generated())


def work_of(the_set: RetrievalSet) -> int:
    """How many turns are remembered and questions asked, which progress counts."""
    turns = sum(len(conversation.turns) for conversation in the_set.conversations)
    return turns + the_set.questions * len(PRESETS)


async def retrieval_results(
    database: Database,
    settings: Settings,
    the_set: RetrievalSet,
    on_progress: Callable[[int], None],
) -> list[Result]:
    """What each preset recalls of the evidence in *the_set*."""
    async with memory_of(database, settings) as listener:
        told = await tallies(listener, the_set.conversations, PRESETS, on_progress)
    return [_result(name, tally, the_set, settings) for name, tally in told.items()]


def _result(preset: str, tally: Tally, the_set: RetrievalSet, settings: Settings) -> Result:
    value = tally.recall(CUT)
    return Result(
        name=NAME,
        params={
            "preset": preset,
            "set": the_set.name,
            "embedder": settings.embedder,
            "conversations": len(the_set.conversations),
            "turns": sum(len(conversation.turns) for conversation in the_set.conversations),
            "questions": the_set.questions,
        },
        value=value,
        unit=f"evidence recall@{CUT}",
        floor=None,
        ratio=None,
        p50_ms=percentile(tally.latencies_ms, 50),
        p99_ms=percentile(tally.latencies_ms, 99),
        floor_p99_ms=None,
        range=(value, value),
        floor_range=None,
        ratio_range=None,
        rounds=1,
        also={f"recall@{cut}": tally.recall(cut) for cut in CUTS},
        budgets=(BUDGET,) if preset == DEFAULT else (),
    )
