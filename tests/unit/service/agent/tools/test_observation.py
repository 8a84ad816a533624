import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from service.agent.tools.observation import ENVELOPE_BYTES, Observed, ToolError, json_of, observe


def seen(result: object, bytes_max: int = 65536) -> Observed:
    return observe(json_of(result), bytes_max=bytes_max, latency_ms=1.5)


class Person(BaseModel):
    name: str


def test_a_result_is_told_in_the_one_shape():
    observed = seen({"a": [1, None]})
    assert observed.observation == '{"ok":true,"data":{"a":[1,null]}}'
    assert (observed.ok, observed.kind, observed.latency_ms) == (True, None, 1.5)
    assert (observed.size_bytes, observed.whole) == (None, None)


def test_an_error_is_told_in_the_one_shape():
    observed = observe(ToolError("blocked", 'not "here"'), bytes_max=1000, latency_ms=0)
    assert observed.observation == '{"ok":false,"error":"not \\"here\\"","kind":"blocked"}'
    assert (observed.ok, observed.kind) == (False, "blocked")


def test_models_times_and_integers_of_any_size_are_json():
    assert json_of(Person(name="Ada")) == '{"name":"Ada"}'
    assert json_of(datetime(2026, 1, 2, tzinfo=UTC)) == '"2026-01-02T00:00:00Z"'
    assert json_of(10**40) == str(10**40)


@pytest.mark.parametrize("result", [math.nan, {"a": [math.inf]}, object(), {(1, 2): 3}])
def test_what_json_cannot_say_is_the_tools_fault(result: object):
    with pytest.raises(ToolError, match=r"the tool's result is no JSON: .*data") as raised:
        json_of(result)
    assert raised.value.kind == "permanent"


def test_the_place_of_a_nan_is_named():
    with pytest.raises(ToolError, match=r"data\.a\.0: inf"):
        json_of({"a": [math.inf]})


def test_what_just_fits_is_not_cut():
    whole = '{"ok":true,"data":"' + "é" * 100 + '"}'
    size_bytes = len(whole.encode())
    assert seen("é" * 100, size_bytes).observation == whole
    assert seen("é" * 100, size_bytes - 1).size_bytes == size_bytes


def test_data_that_is_no_string_is_cut_as_json_text():
    observed = seen(list(range(1000)), 150)
    assert json.loads(observed.observation)["data"].startswith("[0,1,2,3,")


def test_a_long_error_is_cut_too():
    observed = observe(ToolError("transient", "é" * 1000), bytes_max=200, latency_ms=0)
    told = json.loads(observed.observation)
    assert (told["ok"], told["kind"], told["cut"]) == (False, "transient", True)
    assert told["error"].startswith("éééé")


@settings(deadline=None)  # how busy the machine is, is no fault
@given(st.text(st.characters(), min_size=1), st.integers(1, 400), st.integers(1, 40))
def test_a_cut_observation_is_a_valid_beginning(text: str, bytes_max: int, times: int):
    observed = seen(text * times, bytes_max)
    told = json.loads(observed.observation)
    if observed.size_bytes is None:
        assert told == {"ok": True, "data": text * times}
        return
    assert told["cut"] is True
    assert told["size_bytes"] == observed.size_bytes > bytes_max
    assert (text * times).startswith(told["data"])
    assert len(observed.observation.encode()) <= max(bytes_max, ENVELOPE_BYTES)
    assert observed.whole is not None
    assert json.loads(observed.whole) == {"ok": True, "data": text * times}
