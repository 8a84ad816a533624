import json
from pathlib import Path

import pytest

from schema.errors import Invalid
from service.bench.ground import fresh_database
from service.bench.measure import Rounds
from service.bench.run import run
from service.config import Settings
from tests.conftest import TestServer

TINY = Rounds(count=2, round_s=0.05)


@pytest.fixture
def settings(postgres: TestServer, tmp_path: Path) -> Settings:
    return Settings.model_validate({"database_url": postgres.url("postgres"), "home": tmp_path})


def test_a_bench_gives_one_json_line_per_setting(
    settings: Settings, capsys: pytest.CaptureFixture[str]
):
    code = run(["append"], as_json=True, settings=settings, rounds=TINY)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line[0] == "{"]
    assert code == 0
    assert [told["params"]["sessions"] for told in lines] == [1, 16, 64]
    for told in lines:
        assert (told["name"], told["unit"], told["rounds"]) == ("append", "events/s", 2)
        assert told["value"] > 0
        assert told["floor"] > 0
        assert told["ratio_range"][0] <= told["ratio"] <= told["ratio_range"][1]
        assert 0 < told["p50_ms"] <= told["p99_ms"]
        assert told["floor_p99_ms"] > 0
        assert {budget["figure"] for budget in told["budgets"]} <= {"ratio", "p99_ratio"}


def test_a_bench_without_a_floor_says_so(settings: Settings, capsys: pytest.CaptureFixture[str]):
    run(["tool_step"], as_json=True, settings=settings, rounds=TINY)

    (line,) = [line for line in capsys.readouterr().out.splitlines() if line[0] == "{"]
    told = json.loads(line)
    assert (told["floor"], told["ratio"], told["floor_p99_ms"]) == (None, None, None)
    assert {"step_ms", "waited_for_commits_ms", "cpu_ms", "commits"} <= told["also"].keys()


def test_an_unknown_name_is_refused_with_those_there_are(settings: Settings):
    with pytest.raises(Invalid, match="tool_step"):
        run(["apend"], as_json=True, settings=settings)


async def test_a_bench_leaves_no_database_behind(postgres: TestServer, tmp_path: Path):
    async with (
        fresh_database(postgres.url("postgres"), tmp_path) as database,
        database.acquire() as conn,
    ):
        name = await conn.fetchval("select current_database()")

    assert not await postgres.fetchval("select true from pg_database where datname = $1", name)
