"""What leaves the process: JSON that every reader reads alike, text that steers no terminal."""

import json

import pytest

from schema.errors import DatabaseUnavailable, Invalid
from service.cli.output import print_error, print_json, print_text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2**53, 2**53),
        (2**53 + 1, str(2**53 + 1)),
        (-(2**60), str(-(2**60))),
        (10**30, str(10**30)),
        (True, True),
        (1.5, 1.5),
        ({"a": [2**60, {"b": None}]}, {"a": [str(2**60), {"b": None}]}),
    ],
)
def test_a_number_that_doubles_cannot_hold_is_written_as_a_string(
    value: object, written: object, capfd: pytest.CaptureFixture[str]
):
    print_json(value)

    assert json.loads(capfd.readouterr().out) == written


def test_any_text_can_be_written(capfd: pytest.CaptureFixture[str]):
    print_text("ü \ud800 \x00")
    print_json({"text": "ü \ud800 \x00"})

    text, line = capfd.readouterr().out.splitlines()
    assert text == "ü \\ud800 \\x00"
    assert json.loads(line) == {"text": "ü \ud800 \x00"}


def test_an_error_is_one_line_for_people_and_an_object_for_machines(
    capfd: pytest.CaptureFixture[str],
):
    print_error(Invalid("model", "there is none"), as_json=False)
    print_error(Invalid("model", "there is none"), as_json=True)
    print_error(DatabaseUnavailable("gone"), as_json=True)

    people, refused, gone = capfd.readouterr().err.splitlines()
    assert people == "agent-runtime: model: there is none"
    assert json.loads(refused) == {
        "code": "invalid",
        "detail": "model: there is none",
        "retryable": False,
        "field": "model",
    }
    assert json.loads(gone)["retryable"] is True
