"""Errors cross from one process to another as what they are."""

import pytest

from schema.errors import (
    AgentRuntimeError,
    Broken,
    CycleFound,
    DatabaseUnavailable,
    Invalid,
    NegativeWeight,
    NotFound,
    PayloadTooLarge,
)
from service.graph.worker.frames import packed, unpacked
from service.graph.worker.words import Failure


@pytest.mark.parametrize(
    "error",
    [
        NotFound("no entity 'é\ud800'"),
        Invalid("samples", "too many"),
        NegativeWeight("weight", "below 0"),
        PayloadTooLarge("ids", "too much"),
        CycleFound(["a", "b\x00"]),
        DatabaseUnavailable("it is away", 1.5),
        Broken("ours"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_out_as_it_went_in(error: AgentRuntimeError):
    found = unpacked(packed(Failure.of(error)), Failure).error()

    assert type(found) is type(error)
    assert str(found) == str(error)
    assert (found.code, found.retryable) == (error.code, error.retryable)
    assert vars(found) == vars(error)
