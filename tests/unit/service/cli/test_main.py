"""What is told of a command that was typed wrongly."""

import json

import pytest

from service.cli.main import run_command


def test_a_mistake_names_the_command_whose_help_tells_more(capfd: pytest.CaptureFixture[str]):
    assert run_command(["run"]) == 2

    told = capfd.readouterr().err
    assert told == "agent-runtime: Missing argument 'PROMPT'. See `agent-runtime run --help`.\n"


def test_behind_two_dashes_json_is_a_word_as_any_other(capfd: pytest.CaptureFixture[str]):
    assert run_command(["run", "--nonsense", "--", "--json"]) == 2
    assert capfd.readouterr().err.startswith("agent-runtime: No such option")

    assert run_command(["run", "--nonsense", "--json", "--", "x"]) == 2
    assert json.loads(capfd.readouterr().err)["code"] == "usage"
