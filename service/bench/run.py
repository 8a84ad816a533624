"""Runs benches by name, shows how far they are, and tells what they came to."""

import sys
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
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
from service.bench.retrieval import bench as retrieval
from service.bench.retrieval.sets import RetrievalSet, read_set
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
    set_file: Path | None = None,
) -> int:
    """Run the benches called *names*, all where there are none; the exit code.

    `retrieval` asks what stands in *set_file*, and alone is run where only that is given. 1 where
    a budget was missed and *strict* is asked for. Raises `Invalid` for a name unknown, and for a
    set that cannot be read.
    """
    chosen = _chosen(names or ([] if set_file is None else [retrieval.NAME]))
    the_set = _set(names, set_file)
    on_result = _print_line if as_json else _keep_quiet
    results = uvloop.run(_measure_all(chosen, the_set, settings, rounds, on_result))
    if not as_json:
        rich.print(table(results))
    return int(strict and any(result.missed for result in results))


def _set(names: Sequence[str], set_file: Path | None) -> RetrievalSet | None:
    """What `retrieval` asks; None where it is not run."""
    if names and retrieval.NAME not in names:
        if set_file is not None:
            raise Invalid("set", f"only {retrieval.NAME} asks one: name it, too")
        return None
    if set_file is None:
        return retrieval.shipped_set()
    the_set = read_set(set_file)
    for what, where in the_set.left_out:
        print(f"left out: {what} ({where})", file=sys.stderr)  # noqa: T201 - for who gave it.
    return the_set


def _chosen(names: Sequence[str]) -> list[Bench]:
    known = {retrieval.NAME, *(bench.name for bench in BENCHES)}
    for name in names:
        if name not in known:
            raise Invalid(
                "name", f"there is no bench {name!r}; there are {', '.join(sorted(known))}"
            )
    return [bench for bench in BENCHES if not names or bench.name in names]


async def _measure_all(
    benches: Sequence[Bench],
    the_set: RetrievalSet | None,
    settings: Settings,
    rounds: Rounds,
    on_result: Callable[[Result], None],
) -> list[Result]:
    results = []
    with _progress() as progress:
        async with server_for_benches(settings) as url:
            for ground, alike in groupby(benches, key=attrgetter("ground")):
                for group in [list(alike)] if ground else [[bench] for bench in alike]:
                    async for result in _measured(group, url, settings, rounds, progress):
                        results.append(result)
                        on_result(result)
            if the_set is not None:
                for result in await _ask(the_set, url, settings, progress):
                    results.append(result)
                    on_result(result)
    return results


async def _ask(
    the_set: RetrievalSet, url: str, settings: Settings, progress: Progress
) -> list[Result]:
    title = f"{retrieval.NAME} set={the_set.name}"
    task = progress.add_task(title, total=retrieval.work_of(the_set))
    async with fresh_database(url, settings.home) as database:
        return await retrieval.retrieval_results(
            database, settings, the_set, lambda done: progress.advance(task, done)
        )


async def _measured(
    benches: Sequence[Bench], url: str, settings: Settings, rounds: Rounds, progress: Progress
) -> AsyncIterator[Result]:
    """The results of *benches*, which stand on the same ground, in one database."""
    tasks = [progress.add_task(_title(bench), total=None) for bench in benches]
    async with fresh_database(url, settings.home) as database:
        if (ground := benches[0].ground) is not None:
            await ground(database)
        for bench, task in zip(benches, tasks, strict=True):
            async with bench.prepare(database) as contest:
                sides = 1 if contest.floor is None else 2
                progress.update(task, total=rounds.count * sides)
                yield await measure(contest, bench, rounds, partial(progress.advance, task))


def _print_line(result: Result) -> None:
    print(line(result), flush=True)  # noqa: T201 - it is what the command gives.


def _keep_quiet(_result: Result) -> None:
    """The table comes at the end."""


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
