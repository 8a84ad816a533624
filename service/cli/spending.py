"""`agent-runtime spending`: what agents spent, day by day."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.text import Text

from service.cli.console import counted, dollars, out, plain
from service.cli.exits import Exit
from service.cli.output import print_json, print_note
from service.cli.sessions import caught_up
from service.cli.table import Column, print_table
from service.config import Settings
from service.definitions import Definitions
from service.prices import Prices
from service.spending import MICRO, Spending, SpentOfDay
from service.store import open_store

COLUMNS: Final = (
    Column("day"),
    Column("agent", width_max=32),
    *(Column(name, right=True) for name in ("steps", "tokens", "seconds", "cost")),
    Column("besides", rest=True),
)


async def show_spending(
    settings: Settings, *, agent_id: str | None, limit: int, as_json: bool
) -> Exit:
    """The newest days of *agent_id*, or of all agents."""
    async with open_store(settings) as log:
        await caught_up(log, "steps")
        days = await Spending(log, Prices(), Definitions(log)).listed(agent_id, limit)
    if as_json:
        for day in days:
            print_json(_message(day))
    elif days:
        print_table(out(), COLUMNS, [_cells(day) for day in days])
    else:
        print_note("Nothing was spent yet.")
    return Exit.DONE


def _message(day: SpentOfDay) -> dict[str, Any]:
    said = asdict(day)
    reserved = {
        "tokens": said.pop("reserved_tokens"),
        "cost": said.pop("reserved_micro_usd") / MICRO,
    }
    known_cost = said.pop("cost_micro_usd") / MICRO
    return {
        "agent": said.pop("agent_id"),
        **said,
        "day": day.day.isoformat(),
        "cost": None if day.unpriced else known_cost,
        "known_cost": known_cost,
        "reserved": reserved,
    }


def _cells(day: SpentOfDay) -> Sequence[Text]:
    return (
        plain(day.day.isoformat()),
        plain(day.agent_id),
        plain(str(day.steps)),
        plain(str(day.tokens)),
        plain(f"{day.seconds:.1f}"),
        plain(dollars(day.cost_micro_usd / MICRO)),
        plain(_besides(day)),
    )


def _besides(day: SpentOfDay) -> str:
    said = []
    if day.unpriced:
        said.append(f"{counted(day.unpriced, 'completion')} whose price is not known")
    if day.reserved_tokens:
        held = f"{day.reserved_tokens} tokens, {dollars(day.reserved_micro_usd / MICRO)}"
        said.append(f"{held} held back by calls under way")
    return "; ".join(said)
