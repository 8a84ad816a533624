"""Runs benches by name, shows how far they are, and tells what they came to."""

from collections.abc import Callable, Sequence
from typing import Final

import rich
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from schema.errors import Invalid
from service.bench.bench import Bench
from service.bench.ground import fresh_database, server_for_benches
from service.bench.measure import Result, Rounds, measure
from service.bench.report import line, table
from service.bench.suite import BENCHES
from service.config import Settings

DEFAULT_ROUNDS: Final = Rounds()


def run(
    names: Sequence[str],
    as_json: bool,  # noqa: FBT001 - the command's own flag.
    settings: Settings,
    *,
    rounds: Rounds = DEFAULT_ROUNDS,
    strict: bool = False,
) -> int:
    """Run the benches called *names*, all where there are none; the exit code.

    1 where a budget was missed and *strict* is asked for. Raises `Invalid` for a name unknown.
    """
    chosen = _chosen(names)
    if as_json:
        results = uvloop.run(_measure_all(chosen, settings, rounds, _print_line))
    else:
        results = uvloop.run(_measure_all(chosen, settings, rounds, lambda _result: None))
        rich.print(table(results))
    return int(strict and any(result.missed for result in results))


def _chosen(names: Sequence[str]) -> list[Bench]:
    known = {bench.name for bench in BENCHES}
    for name in names:
        if name not in known:
            raise Invalid(
                "name", f"there is no bench {name!r}; there are {', '.join(sorted(known))}"
            )
    return [bench for bench in BENCHES if not names or bench.name in names]


async def _measure_all(
    benches: Sequence[Bench],
    settings: Settings,
    rounds: Rounds,
    on_result: Callable[[Result], None],
) -> list[Result]:
    results = []
    with _progress() as progress:
        async with server_for_benches(settings) as url:
            for bench in benches:
                results.append(await _measure_one(bench, url, settings, rounds, progress))
                on_result(results[-1])
    return results


async def _measure_one(
    bench: Bench, url: str, settings: Settings, rounds: Rounds, progress: Progress
) -> Result:
    task = progress.add_task(_title(bench), total=None)
    async with (
        fresh_database(url, settings.home) as database,
        bench.prepare(database) as contest,
    ):
        progress.update(task, total=rounds.count * (1 if contest.floor is None else 2))
        return await measure(contest, bench, rounds, lambda: progress.advance(task))


def _print_line(result: Result) -> None:
    print(line(result), flush=True)  # noqa: T201 - it is what the command gives.


def _title(bench: Bench) -> str:
    params = " ".join(f"{name}={value}" for name, value in bench.params.items())
    return f"{bench.name} {params}"


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))
