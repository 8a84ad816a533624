"""Questions in SQL, the report, files and roles, as people type them."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.command_line import CommandLine


@pytest.fixture(scope="module")
def ran(cli: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """There is a session, and a memory with an odd text."""
    file = tmp_path_factory.mktemp("model") / "model.jsonl"
    file.write_text(json.dumps({"text": "FINAL_ANSWER: 391"}) + "\n")
    assert cli("run", "What is 17*23?", "--agent", "asked", "--model", f"scripted:{file}").code == 0
    assert cli("memory", "asked", "remember", 'a "red",\ndoor').code == 0
    return cli


def test_a_question_is_answered_as_table_json_or_csv(ran: CommandLine):
    query = "select agent_id, content, 1.50 as number, null as nothing from memories"
    query += " where agent_id = 'asked'"

    assert ran("sql", query, "--json").lines == [
        {"agent_id": "asked", "content": 'a "red",\ndoor', "number": 1.5, "nothing": None}
    ]
    rows = list(csv.reader(io.StringIO(ran("sql", query, "--csv").out, newline="")))
    assert rows == [
        ["agent_id", "content", "number", "nothing"],
        ["asked", 'a "red",\ndoor', "1.50", ""],
    ]
    told = ran("sql", query).out.splitlines()
    assert told[0].split() == ["agent_id", "content", "number", "nothing"]
    assert "red" in told[1]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("select pg_sleep(60)", "--timeout", "0.05"), 1, "--timeout"),
        (("delete from eventlog.events",), 2, "read-only"),
        (("select nothing",), 2, "nothing"),
        (("select 1", "--json", "--csv"), 2, "--csv"),
        (("select 1", "--limit", "0"), 2, "--limit"),
        (("select 1", "--role", "nobody"), 1, "nobody"),
    ],
)
def test_what_is_no_question_says_so(
    ran: CommandLine, arguments: tuple[str, ...], code: int, said: str
):
    done = ran("sql", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_more_rows_than_the_limit_are_announced(ran: CommandLine):
    done = ran("sql", "select generate_series(1, 5)", "--limit", "2", "--json")
    assert len(done.lines) == 2
    assert "--limit" in done.err


def test_the_report_is_shown_or_written(ran: CommandLine, tmp_path: Path):
    assert "Sessions" in ran("report", "--days", "2").out
    assert ran("report", "--days", "2", "--json").lines[0]["totals"]["sessions"] >= 1
    page = tmp_path / "report.html"
    assert ran("report", "--html", str(page)).code == 0
    assert page.read_text().startswith("<!doctype html>")
    nowhere = ran("report", "--html", str(tmp_path / "no" / "such" / "folder.html"))
    assert (nowhere.code, len(nowhere.err.splitlines())) == (2, 1)


def test_the_views_are_written_to_files(ran: CommandLine, tmp_path: Path):
    done = ran("export", "--parquet", str(tmp_path / "lake"), "--json")
    assert done.code == 0
    assert {line["view"] for line in done.lines} >= {"sessions", "events"}
    assert list((tmp_path / "lake" / "sessions").glob("day=*/part-0.parquet"))
    assert ran("export", "--parquet", str(tmp_path)).code == 2


def test_a_role_is_granted_asks_and_is_let_go(ran: CommandLine):
    assert ran("analytics", "grant", "asker", "--json").lines == [{"role": "asker", "made": True}]
    query = "select count(*) as n from analytics.sessions"
    assert ran("sql", query, "--role", "asker", "--json").lines[0]["n"] >= 1
    assert "permission denied" in ran("sql", "select * from ops.keys", "--role", "asker").err
    assert ran("analytics", "revoke", "asker").code == 0
    assert "permission denied" in ran("sql", query, "--role", "asker").err
    assert ran("analytics", "revoke", "nobody").code == 3
    assert ran("analytics", "grant", "postgres").code == 2


@pytest.mark.parametrize("command", ["sql", "report", "export", "analytics"])
def test_the_help_of_each_shows_what_it_is_for(ran: CommandLine, command: str):
    done = ran(command, "--help")
    assert done.code == 0
    assert f"agent-runtime {command}" in done.out
