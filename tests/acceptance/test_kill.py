"""`kill -9` at any moment of a run: what was acknowledged is there, and the log tells the truth."""

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import CommandLine, next_line, script

STEPS = 10
THINKING: Mapping[str, Any] = {
    "text": 'Thought: On.\nAction: calculator {"expression": "1+1"}\n',
    "delay_s": 0.02,
}


@pytest.mark.parametrize("seen", [1, 2, 3, 4, 5, 11, 24])
def test_a_killed_run_loses_nothing_that_it_had_told(cli: CommandLine, tmp_path: Path, seen: int):
    model = script(tmp_path, "model", [THINKING] * STEPS)
    with cli.started("run", "Go on.", "--model", model, "--tools", "calculator", "--json") as run:
        told = [next_line(run.stdout) for _ in range(seen)]
        run.send_signal(signal.SIGKILL)
        assert run.wait(timeout=30) == -signal.SIGKILL
        assert run.stdout is not None
        # The last line may have been cut by the kill; an event is told once its line is whole.
        told += [json.loads(rest) for rest in run.stdout if rest.endswith("\n")]

    session = told[0]["stream"].removeprefix("session-")
    in_log = recorded(cli, session)
    assert in_log[: len(told)] == [(event["version"], event["id"]) for event in told]
    shown = cli("show", session, "--json").lines[0]
    assert (shown["status"], shown["version"]) == ("running", len(in_log))
    assert "its last event is" in cli("show", session).out
    assert cli("replay", session, "--verify").code == 0


def recorded(cli: CommandLine, session: str) -> list[tuple[int, str]]:
    """The versions and ids that the log holds, asked of the database itself."""
    query = f"""
      select version, event_id from eventlog.events
      where stream = 'session-{session}' order by version"""
    rows = cli("psql", "-AtF,", "-c", query).out.splitlines()
    return [(int(version), event_id) for version, event_id in (row.split(",") for row in rows)]
