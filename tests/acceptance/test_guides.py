"""What the guides show people, run as it stands there."""

import re
from pathlib import Path

import pytest

from tests.command_line import CommandLine, script

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("query", [*blocks("log.md", "sql"), *blocks("memory.md", "sql")])
def test_a_query_of_a_guide_runs(cli: CommandLine, query: str):
    assert cli("migrate").code == 0
    done = cli("psql", "-v", "ON_ERROR_STOP=1", "-c", query)
    assert done.code == 0, done.err


def test_the_guide_to_tools_gives_an_agent_a_tool_that_it_uses(cli: CommandLine, tmp_path: Path):
    (example,) = blocks("tools.md", "python")
    model = script(
        tmp_path,
        "forest",
        [
            {"text": 'Thought: I count.\nAction: length {"word": "forest"}\n'},
            {"text": "FINAL_ANSWER: 6"},
        ],
    )
    done = cli.python(example.replace("local:smollm2-135m", model))
    assert (done.code, done.out) == (0, "completed 6\n"), done.err
    events = cli("show", "last", "--json").out
    assert "forest" in events
