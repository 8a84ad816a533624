"""Pipelines."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import (
    Invalid,
    NotFound,
    StageFailed,
    StageRefused,
    StageUnavailable,
    Unavailable,
)
from service.orchestrator.pipeline import Pipeline, Stage, StageFn
from tests.unit.service.orchestrator.moved_clock import run


def stage(name: str, fn: StageFn, **given: Any) -> Stage:
    return Stage(name=name, run=fn, **given)


def adding(what: str) -> Callable[[str], str]:
    return lambda text: text + what


def raising(error: Exception) -> Callable[[str], str]:
    def fail(_: str) -> str:
        raise error

    return fail


def passed(text: str, *stages: Stage) -> str:
    return run(Pipeline(stages).run(text))


@given(st.text())
def test_a_pipeline_without_stages_leaves_a_text_as_it_is(text: str):
    assert passed(text) == text


@given(st.lists(st.text(max_size=5), max_size=8))
def test_stages_run_in_order_each_on_what_the_one_before_made(pieces: list[str]):
    stages = [stage(str(n), adding(piece)) for n, piece in enumerate(pieces)]

    assert passed("", *stages) == "".join(pieces)


def test_a_stage_may_be_async_or_run_in_a_thread():
    async def shout(text: str) -> str:
        await asyncio.sleep(1)
        return text.upper()

    ran_in: list[threading.Thread] = []

    def slow(text: str) -> str:
        ran_in.append(threading.current_thread())
        return text + "!"

    text = passed("hey", stage("shout", shout), stage("slow", slow, in_thread=True))

    assert text == "HEY!"
    assert ran_in[0] is not threading.main_thread()


@pytest.mark.parametrize(
    ("raised", "becomes", "said"),
    [
        (NotFound("no such topic"), StageRefused, "stage 'guard': no such topic"),
        (Unavailable("no answer", 7.0), StageUnavailable, "stage 'guard': no answer"),
        (ConnectionError("x"), StageUnavailable, "stage 'guard': ConnectionError"),
        (TimeoutError(), StageUnavailable, "stage 'guard': TimeoutError"),
        (ValueError("key=abc"), StageFailed, "stage 'guard': ValueError"),
    ],
)
def test_the_first_error_ends_it_and_names_the_stage_by_whose_fault_it_is(
    raised: Exception, becomes: type[Exception], said: str
):
    reached: list[str] = []

    def last(text: str) -> str:
        reached.append(text)
        return text

    with pytest.raises(becomes) as caught:
        passed("x", stage("first", adding("y")), stage("guard", raising(raised)), stage("z", last))

    assert str(caught.value) == said
    assert caught.value.stage == "guard"  # type: ignore[attr-defined]
    assert caught.value.__cause__ is raised
    assert getattr(caught.value, "retry_after_s", None) == getattr(raised, "retry_after_s", None)
    assert reached == []


def test_what_is_no_text_goes_no_further():
    with pytest.raises(StageFailed, match="stage 'count': returned int, not text"):
        passed("x", stage("count", len))  # type: ignore[arg-type]


def test_a_stage_that_takes_too_long_is_given_up():
    async def endless(text: str) -> str:
        await asyncio.Event().wait()
        return text

    with pytest.raises(StageUnavailable, match="stage 'endless': took more than 2 s"):
        passed("x", stage("endless", endless, timeout_s=2.0))


def test_a_timeout_of_a_stage_of_its_own_is_not_taken_for_ours():
    async def asks(_: str) -> str:
        raise TimeoutError

    with pytest.raises(StageUnavailable, match="stage 'asks': TimeoutError"):
        passed("x", stage("asks", asks))


def test_a_cancellation_passes_a_stage_as_it_is():
    async def cancelled() -> None:
        async def endless(text: str) -> str:
            await asyncio.Event().wait()
            return text

        task = asyncio.create_task(Pipeline([stage("endless", endless)]).run("x"))
        await asyncio.sleep(1)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        run(cancelled())


def test_two_stages_of_one_name_are_refused():
    with pytest.raises(Invalid, match="'trim' is there twice"):
        Pipeline([stage("trim", str.strip), stage("cut", str.strip), stage("trim", str.strip)])


@pytest.mark.parametrize(
    "given", [{"name": ""}, {"name": "a\nb"}, {"name": "n" * 65}, {"timeout_s": 0.0}]
)
def test_a_stage_without_a_name_to_read_or_an_end_to_its_time_is_refused(given: dict[str, Any]):
    with pytest.raises(Invalid):
        Stage(**{"name": "trim", "run": str.strip, **given})
