"""Questions to a worker's process: followed, called back, killed, refused, and answered alike."""

import asyncio
import errno
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from eventlog.database import Database
from schema.errors import CycleFound, Invalid, NegativeWeight, NotFound, Unavailable
from schema.events import Event
from schema.events.graph import EntityPut, RelationshipPut
from schema.messages.graph import checked_query
from service.graph.worker.words import Ask
from service.graph.worker.worker import Worker
from service.graph.worker.workers import SLOW_NICENESS
from tests.graphs import Process, entity, pairs, process, relationship


def ring(entities: int, steps: int) -> list[Event]:
    """A graph of which betweenness takes long: each relates to the next *steps*."""
    puts: list[Event] = [EntityPut(id=f"e-{n:05}", label="thing") for n in range(entities)]
    return puts + [
        RelationshipPut(source=f"e-{n:05}", target=f"e-{(n + step) % entities:05}", kind="next")
        for n in range(entities)
        for step in range(1, steps + 1)
    ]


async def computing(pid: int) -> None:
    """Return when the process has worked for a while: it is in the midst of something."""
    ticks = _ticks(pid)
    while _ticks(pid) < ticks + 50:  # noqa: ASYNC110 - the kernel rings no bell.
        await asyncio.sleep(0.01)


def _ticks(pid: int) -> int:
    fields = _told(pid, "stat").rpartition(b")")[2].split()
    return int(fields[11]) + int(fields[12])


def _session_niceness(pid: int) -> int | None:
    """None where the system does not share by session."""
    try:
        return int(_told(pid, "autogroup").rpartition(b" ")[2])
    except FileNotFoundError:
        return None


def _told(pid: int, what: str) -> bytes:
    """What the kernel tells of a process."""
    return Path(f"/proc/{pid}/{what}").read_bytes()


async def started(worker: Worker) -> int:
    while worker.pid is None:  # noqa: ASYNC110 - as above.
        await asyncio.sleep(0.01)
    return worker.pid


async def test_a_graph_is_loaded_once_and_followed_from_then_on(database: Database):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        for n in range(1000):
            await one.append("a-1", [EntityPut(id=f"e-{n}", label="thing")])
            if n % 50 == 0:
                scores = (await one.ask("a-1", "degree"))["scores"]
                assert len(scores) == n + 3
        answered = await one.answered("a-1", "degree")
        assert (answered.version, len(answered.result["scores"])) == (1003, 1002)
        assert one.graphs.workers.quick.loads == 1


async def test_past_versions_have_graphs_of_their_own_and_the_last_one_stays(database: Database):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab", "bc"))
        assert await one.ask("a-1", "has_cycle") is False
        await one.put("a-1", relationship("c", "a"))
        assert await one.ask("a-1", "has_cycle") is True
        then = await one.answered("a-1", "topological_sort", as_of=5)
        assert (then.result["entities"], then.version) == (["a", "b", "c"], 5)
        await one.put("a-1", entity("d"))
        now = await one.answered("a-1", "has_cycle")
        assert (now.result, now.version) == (True, 7)
        assert one.graphs.workers.quick.loads == 2


async def test_who_asks_about_a_version_gets_no_later_one_though_it_was_the_last(
    database: Database,
):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        named = await one.graphs._reader.place("a-1", 3)
        lately = await one.graphs._reader.place("a-1")
        await one.put("a-1", entity("c"))
        assert len((await one.ask("a-1", "degree"))["scores"]) == 3
        said = {"op": "degree"}
        query = checked_query(said)
        answers = [
            await one.graphs.workers.ask(place, query, said, timeout_s=30)
            for place in (named, lately, named)
        ]
        assert [answer.version for answer in answers] == [3, 4, 3]
        assert one.graphs.workers.quick.loads == 2


async def test_a_small_cache_lets_graphs_go_and_answers_all_the_same(database: Database):
    async with process(database, cache_bytes=1) as one:
        for agent in ("a-1", "a-2", "a-1", "a-2"):
            await one.put(agent, *pairs("ab"))
            await one.put(agent, entity(f"e-{one.graphs.workers.quick.loads}"))
            assert await one.ask(agent, "has_cycle") is False
        assert one.graphs.workers.quick.loads == 4


async def test_what_was_answered_is_not_asked_again_until_something_changes(database: Database):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        first = await one.answered("a-1", "degree")
        pid = await started(one.graphs.workers.quick)
        os.kill(pid, signal.SIGSTOP)  # Whoever asked it would wait.
        again = await one.answered("a-1", "degree", as_of=3)
        os.kill(pid, signal.SIGCONT)
        assert again == first
        await one.put("a-1", entity("c"))
        assert (await one.answered("a-1", "degree")).version == 4


async def test_no_answer_hangs_on_the_process_or_on_how_it_hashes(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    answers = []
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        async with process(database) as one:
            if seed == "1":
                await one.append("a-1", ring(12, 3))
            answers.append([await _bytes(one, op) for op in QUESTIONS])
    assert answers[0] == answers[1]


QUESTIONS: list[dict[str, Any]] = [
    {"op": "bfs", "start": "e-00003", "direction": "both"},
    {"op": "dfs", "start": "e-00003"},
    {"op": "closure"},
    {"op": "degree"},
    {"op": "betweenness", "samples": 5, "seed": 7},
    {"op": "communities", "method": "louvain"},
    {"op": "communities", "method": "label_propagation", "seed": 3},
    {"op": "cycles", "max_length": 6, "limit": 50},
    {"op": "shortest_path", "from": "e-00000", "to": "e-00011", "weighted": True},
    {"op": "subgraph", "ids": ["e-00000", "e-00001", "e-00007"]},
]


async def _bytes(one: Process, said: dict[str, Any]) -> bytes:
    place = await one.graphs._reader.place("a-1")
    workers = one.graphs.workers
    return (await workers.ask(place, checked_query(said), said, timeout_s=30)).body


async def test_errors_come_out_as_what_they_were_over_there(database: Database):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab", "ba", "aé"))
        with pytest.raises(NotFound, match="'z'"):
            await one.ask("a-1", "bfs", start="z")
        with pytest.raises(CycleFound, match="'a' → 'b' → 'a'") as cycle:
            await one.ask("a-1", "topological_sort")
        assert cycle.value.cycle == ("a", "b")
        await one.put("a-1", relationship("b", "a", weight=-1))
        with pytest.raises(NegativeWeight) as negative:
            await one.ask("a-1", "shortest_path", **{"from": "a", "to": "é", "weighted": True})
        assert negative.value.field == "weight"
        assert not await one.ask("a-1", "path_exists", **{"from": "é", "to": "a"})
        assert one.graphs.workers.quick.loads == 1


async def test_what_asks_for_too_much_is_refused_with_what_to_do(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    async with process(database) as one:
        await one.append("a-1", ring(4000, 4))
        with pytest.raises(Invalid, match="use at most"):
            await one.ask("a-1", "betweenness")


@pytest.mark.parametrize("partitions", [1], ids=["1-partition"])
async def test_a_long_question_is_called_back_and_the_next_one_answered_by_the_same_process(
    database: Database,
):
    async with process(database) as one:
        await one.append("a-1", ring(2500, 8))
        slow = one.graphs.workers.slow
        asking = asyncio.create_task(one.ask("a-1", "betweenness"))
        pid = await started(slow)
        await computing(pid)
        asking.cancel()
        async with asyncio.timeout(1):
            with pytest.raises(asyncio.CancelledError):
                await asking
        assert (await one.ask("a-1", "betweenness", samples=2))["samples"] == 2
        assert slow.pid == pid


@pytest.mark.parametrize("partitions", [1], ids=["1-partition"])
async def test_a_question_that_takes_too_long_ends_and_holds_up_no_short_one(database: Database):
    async with process(database) as one:
        await one.append("a-1", ring(2500, 8))
        assert await one.ask("a-1", "has_cycle") is True
        query = checked_query({"op": "betweenness"})
        asking = asyncio.create_task(one.graphs.query("a-1", query, timeout_s=5))
        await started(one.graphs.workers.slow)
        assert await one.ask("a-1", "has_cycle", kinds=["likes"]) is False
        assert not asking.done()
        with pytest.raises(Unavailable, match="within 5 s"):
            await asking
        assert one.graphs.workers.slow.pid is not None


@pytest.mark.parametrize("partitions", [1], ids=["1-partition"])
async def test_a_process_that_is_killed_is_an_error_and_the_next_question_has_another(
    database: Database,
):
    async with process(database) as one:
        await one.append("a-1", ring(2500, 8))
        slow = one.graphs.workers.slow
        asking = asyncio.create_task(one.ask("a-1", "betweenness"))
        pid = await started(slow)
        await computing(pid)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(Unavailable, match=r"died.*try again"):
            await asking
        assert (await one.ask("a-1", "betweenness", samples=2))["samples"] == 2
        assert slow.pid != pid


@pytest.mark.parametrize("partitions", [1], ids=["1-partition"])
async def test_a_graph_that_is_still_being_loaded_can_be_called_back_too(database: Database):
    async with process(database) as one:
        await one.append("a-1", ring(2500, 8))
        assert await one.ask("a-2", "has_cycle") is False
        pid = one.graphs.workers.quick.pid
        with pytest.raises(Unavailable, match=r"within 0\.02 s"):
            await one.graphs.query("a-1", checked_query({"op": "has_cycle"}), timeout_s=0.02)
        assert await one.ask("a-1", "has_cycle") is True
        assert one.graphs.workers.quick.pid == pid


PARENT = """
import asyncio, os, sys
from pathlib import Path
import uvloop
from eventlog.database import open_database
from schema.messages.graph import checked_query
from tests.graphs import process

async def main():
    async with open_database(os.environ["DSN"], Path()) as database, process(database) as one:
        assert await one.ask("a-1", "betweenness", samples=2)
        print(one.graphs.workers.slow.pid, flush=True)
        await one.ask("a-1", "betweenness")

uvloop.run(main())
"""


@pytest.mark.parametrize("partitions", [1], ids=["1-partition"])
async def test_a_process_whose_parent_is_killed_ends_in_the_midst_of_a_question(
    database: Database,
):
    async with process(database) as one:
        await one.append("a-1", ring(2500, 8))
    environment = {**os.environ, "DSN": database.address.options["dsn"]}
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    await computing(pid)
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(5):
        while _lives(pid):  # noqa: ASYNC110 - as above.
            await asyncio.sleep(0.01)


def _lives(pid: int) -> bool:
    """Whether it runs: what is dead and buried by nobody yet does not."""
    try:
        return _told(pid, "stat").rpartition(b")")[2].split()[0] != b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_process_that_hears_nothing_is_killed(database: Database):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        await one.ask("a-1", "has_cycle")
        quick = one.graphs.workers.quick
        pid = await started(quick)
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(Unavailable, match=r"within 0\.2 s"):
            await one.graphs.query("a-1", checked_query({"op": "degree"}), timeout_s=0.2)
        assert await one.ask("a-1", "has_cycle", kinds=["likes"]) is False
        assert quick.pid != pid


async def test_too_many_who_wait_are_sent_away_and_told_when_to_come_back(database: Database):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        await one.ask("a-1", "has_cycle")
        pid = await started(one.graphs.workers.quick)
        os.kill(pid, signal.SIGSTOP)
        place = await one.graphs._reader.place("a-1")
        request = Ask(place=place, query={"op": "degree"})
        quick = one.graphs.workers.quick
        waiting = [asyncio.create_task(quick.ask(request, timeout_s=30)) for _ in range(64)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="64 questions") as refused:
            await quick.ask(request, timeout_s=30)
        assert refused.value.retry_after_s
        os.kill(pid, signal.SIGCONT)
        assert len({result.body for result in await asyncio.gather(*waiting)}) == 1


async def test_the_process_ends_with_the_graphs_and_knows_no_secret(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    for secret in ("OPENAI_API_KEY", "SOME_API_KEY", "PGPASSWORD", "AGENT_RUNTIME_X"):
        monkeypatch.setenv(secret, "sk-planted")
    monkeypatch.setenv("PGAPPNAME", "told by the pipe")
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        await one.ask("a-1", "has_cycle")
        pid = await started(one.graphs.workers.quick)
        assert b"planted" not in _told(pid, "environ")
        assert b"pipe" not in _told(pid, "environ")
        assert b"postgres" not in _told(pid, "cmdline") + _told(pid, "environ")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_the_process_for_long_questions_is_nice_and_so_is_its_session(
    database: Database,
):
    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        await one.ask("a-1", "cycles")
        pid = await started(one.graphs.workers.slow)
        assert os.getpriority(os.PRIO_PROCESS, pid) >= SLOW_NICENESS
        assert os.getsid(pid) == pid  # So that Ctrl-C is not for it.
        assert _session_niceness(pid) in (SLOW_NICENESS, None)


async def test_a_process_that_cannot_be_started_is_a_matter_of_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    async def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    async with process(database) as one:
        await one.put("a-1", *pairs("ab"))
        with monkeypatch.context() as patched:
            patched.setattr("service.graph.worker.process.create_subprocess_exec", refuse)
            with pytest.raises(Unavailable, match="cannot be started"):
                await one.ask("a-1", "has_cycle")
        assert await one.ask("a-1", "has_cycle") is False


async def test_a_graph_of_nobody_is_empty(database: Database):
    async with process(database) as one:
        answered = await one.answered("nobody", "degree")
        assert (answered.version, answered.result["scores"]) == (0, [])


async def test_any_text_comes_through(database: Database):
    text = "\ud800 \x00 é \U0001f600"
    async with process(database) as one:
        assert await one.ask("a-1", "has_cycle") is False
        said = {"text": text, "n": 2**70}
        await one.append("a-1", [EntityPut(id="b", label="x", properties=said)])
        found = await one.ask("a-1", "subgraph", ids=["b"])
    assert found["entities"][0]["properties"] == said
