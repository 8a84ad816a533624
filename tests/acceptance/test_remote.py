"""Commands against a running service: what they say is what they say of the database itself."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command_line import CALCULATION, CommandLine, next_line, script

GUIDE = Path(__file__).parents[2] / "docs" / "client.md"


@dataclass(frozen=True)
class Both:
    """The same commands on the database, and by the service over it."""

    here: CommandLine
    there: CommandLine
    address: str


@pytest.fixture(scope="module")
def both(cli: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    nowhere = {"AGENT_RUNTIME_HOME": str(tmp_path_factory.mktemp("nowhere"))}
    with CommandLine({**cli.settings, "AGENT_RUNTIME_PORT": "0"}).started(
        "serve", "--json"
    ) as service:
        address = next_line(service.stdout)["listening"]
        yield Both(cli, CommandLine({**nowhere, "AGENT_RUNTIME_URL": address}), address)


@pytest.fixture(scope="module")
def session(both: Both, tmp_path_factory: pytest.TempPathFactory) -> str:
    model = script(tmp_path_factory.mktemp("model"), "model", CALCULATION)
    done = both.there("run", "What is 17*23?", "--model", model, "--tools", "calculator", "--json")
    assert done.code == 0, done.err
    *events, end = done.lines
    assert (events[0]["type"], events[-1]["type"]) == ("session_started", "session_completed")
    assert end["answer"] == "391"
    return str(end["id"])


@pytest.mark.parametrize(
    "command",
    [
        ("sessions", "--json"),
        ("show", "SESSION", "--json"),
        ("show", "SESSION"),
        ("replay", "SESSION", "--verify"),
        ("replay", "SESSION", "--at", "3", "--json"),
        ("log", "--json"),
    ],
    ids=" ".join,
)
def test_a_command_says_the_same_from_afar(both: Both, session: str, command: tuple[str, ...]):
    typed = [argument.replace("SESSION", session[-8:]) for argument in command]
    here, there = both.here(*typed), both.there(*typed)
    assert (there.code, there.out) == (here.code, here.out), there.err


def test_a_session_is_run_as_a_story(both: Both, tmp_path: Path, session: str):
    model = script(tmp_path, "model", CALCULATION)
    done = both.there("run", "What is 17*23?", "--model", model, "--tools", "calculator")
    assert done.code == 0, done.err
    assert "I multiply." in done.out
    assert "391" in done.out


def test_what_is_not_there_or_not_meant_is_told_by_exit_codes(both: Both, session: str):
    assert both.there("show", "01234567-0000-7000-8000-000000000000").code == 3
    assert both.there("show", "zzz").code == 3
    migrate = both.there("migrate")
    assert (migrate.code, "--url" in migrate.err) == (2, True)
    assert both.here("sessions", "--url", "ftp://x").code == 2
    assert both.here("sessions", "--url", both.address).code == 0
    nobody = both.here("--url", "http://127.0.0.1:9", "sessions", "--json")
    assert nobody.code == 1
    assert "does not answer" in nobody.err
    assert both.there("cancel", session, "--json").lines[0]["status"] == "completed"


def test_agents_memory_and_graph_say_the_same_from_afar(both: Both, tmp_path: Path):
    definition = tmp_path / "definition.json"
    definition.write_text('{"model": "x:y", "tools": ["calculator"]}')
    done = both.there("agents", "define", "far", "--file", str(definition), "--json")
    assert done.lines[0]["version"] == 1, done.err
    memory, graph = ("memory", "far"), ("graph", "far")
    for said in (
        (*memory, "remember", "The bridge is closed.", "--tag", "road"),
        (*memory, "store", "colour", "red"),
        (*graph, "add", "ana", "person", "--property", "age=7"),
        (*graph, "add", "graz", "city"),
        (*graph, "relate", "ana", "lives in", "graz"),
    ):
        assert both.there(*said).code == 0, both.there(*said).err
    for typed in (
        ("agents", "show", "far", "--json"),
        ("agents", "show", "far"),
        (*graph, "path", "ana", "graz", "--json"),
        (*graph, "query", '{"op": "degree"}'),
    ):
        here, there = both.here(*typed), both.there(*typed)
        assert (there.code, there.out) == (here.code, here.out), there.err
    found = both.there(*memory, "search", "bridge", "--json").lines[0]["items"]
    assert [item["content"] for item in found][:1] == ["The bridge is closed."]
    listed = both.there(*memory, "--json").lines[0]
    assert [fact["key"] for fact in listed["facts"]] == ["colour"]
    assert "The bridge is closed." in both.there(*memory).out
    assert "lives in" in both.there(*graph).out
    assert both.there(*graph, "add", "ana", "person").code == 1  # There is one already.
    assert both.there(*memory, "pin", listed["episodes"][0]["id"][-8:]).code == 0
    assert both.there(*memory, "forget", listed["episodes"][0]["id"][-8:]).code == 0
    assert both.there(*graph, "remove", "graz").code == 0
    assert both.there(*graph, "remove", "graz").code == 3


def test_the_guide_follows_a_session(both: Both, tmp_path: Path):
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL)
    definition = tmp_path / "definition.json"
    model = script(tmp_path, "model", CALCULATION)
    definition.write_text(json.dumps({"model": model, "tools": ["calculator"]}))
    assert both.there("agents", "define", "guide", "--file", str(definition)).code == 0
    program = example.replace("http://127.0.0.1:8400", both.address).replace('"ark_…"', "None")
    done = both.there.python(program)
    assert done.code == 0, done.err
    assert done.out.endswith("completed 391\n")
