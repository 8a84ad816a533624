"""What the guide to the graph shows people, run as it stands there."""

import json
import re
import shlex
from pathlib import Path

import pytest

from schema.messages.graph import QUERIES
from tests.command_line import CommandLine

GUIDE = (Path(__file__).parents[2] / "docs" / "graph.md").read_text()
RUN = "\n".join(re.findall(r"```console\n(.*?)```", GUIDE, flags=re.DOTALL))
SHOWN = dict(re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", RUN, flags=re.MULTILINE))
"""What the guide's commands answer, by command."""


def shown(command: str) -> list[str]:
    return [line.rstrip() for line in SHOWN[command].rstrip().splitlines()]


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.*?)```", GUIDE, flags=re.DOTALL))
def test_a_query_of_the_guide_runs(cli: CommandLine, query: str):
    assert cli("migrate").code == 0
    done = cli("psql", "-v", "ON_ERROR_STOP=1", "-c", query)
    assert done.code == 0, done.err


def test_the_guide_names_every_question_that_there_is():
    (table,) = re.findall(r"\| `op` \|.*?\n\n", GUIDE, flags=re.DOTALL)
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row)}

    assert QUERIES.keys() <= named


def test_the_graph_of_the_guide_answers_as_it_is_shown(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("house.jsonl").write_text(SHOWN["cat house.jsonl"])
    json.loads(SHOWN["cat house.json"])
    # The session of the guide, without its model.
    moved = 'agent-runtime graph house relate ana "lives in" vienna'
    ran = [command for command in SHOWN if command.startswith("agent-runtime graph house")]
    assert len(ran) > 10
    for command in (ran[0], moved, *ran[1:]):
        if "last@" not in command:
            done = cli(*shlex.split(command)[1:])
            assert done.code == 0, (command, done.err)
            told = [line.rstrip() for line in (done.out + done.err).splitlines()]
            assert command == moved or told == shown(command), command
