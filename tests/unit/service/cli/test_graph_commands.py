"""The commands around a graph, as far as no database is needed: their help, and misuse."""

import subprocess
import sys

import pytest

from service.cli.main import run_command

ACTIONS = (
    *("show", "around", "neighbours", "path", "central", "communities", "cycles", "query"),
    *("add", "relate", "remove", "unrelate", "import", "merge"),
)


def test_all_actions_are_listed(capfd: pytest.CaptureFixture[str]):
    assert run_command(["graph", "--help"]) == 0

    told = capfd.readouterr().out
    assert all(action in told for action in ACTIONS)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_explains_itself_with_an_example(
    action: str, capfd: pytest.CaptureFixture[str]
):
    assert run_command(["graph", "a-1", action, "--help"]) == 0
    assert "Example: agent-runtime graph a-1" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limit", "0"], "--limit"),
        (["--svg", "x.svg", "--limit", "301"], "--limit"),
        (["--diff", "1"], "--diff"),
        (["--diff", "1", "2", "--svg", "x.svg"], "--diff"),
        (["guess"], "guess"),
        (["path", "ana"], "TO"),
        (["central", "--samples", "5"], "--samples"),
        (["around", "ana", "--depth", "0"], "--depth"),
        (["relate", "a", "is", "b", "--weight", "much"], "--weight"),
    ],
)
def test_misuse_names_what_was_typed(
    arguments: list[str], said: str, capfd: pytest.CaptureFixture[str]
):
    assert run_command(["graph", "a-1", *arguments]) == 2
    assert said in capfd.readouterr().err


def test_nothing_that_draws_is_loaded_before_a_picture_is_wanted():
    program = (
        "import sys, service.cli.graph, service.cli.graph_views, service.cli.graph_writing\n"
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
