"""Every error of ours has a status that says whose it is."""

import pytest

from schema import errors
from schema.errors import AgentRuntimeError, Broken, Refused, Unavailable
from service.api import refusals
from service.api.door import is_loopback
from service.api.problems import status_of


def classes(root: type[AgentRuntimeError]) -> list[type[AgentRuntimeError]]:
    return [root, *(kind for sub in root.__subclasses__() for kind in classes(sub))]


def made(kind: type[AgentRuntimeError]) -> AgentRuntimeError:
    return kind.__new__(kind)


@pytest.mark.parametrize("kind", classes(Refused), ids=lambda kind: kind.__name__)
def test_what_the_caller_must_change_is_a_4xx(kind: type[AgentRuntimeError]):
    theirs = {errors.NotReady: 503, errors.ProviderRefused: 502}
    assert status_of(made(kind)) == theirs.get(kind, status_of(made(kind)))
    assert kind in theirs or 400 <= status_of(made(kind)) < 500


@pytest.mark.parametrize("kind", classes(Unavailable), ids=lambda kind: kind.__name__)
def test_what_may_succeed_later_is_a_503(kind: type[AgentRuntimeError]):
    assert status_of(made(kind)) == 503


@pytest.mark.parametrize("kind", classes(Broken), ids=lambda kind: kind.__name__)
def test_what_is_ours_is_a_500(kind: type[AgentRuntimeError]):
    assert status_of(made(kind)) == 500


def test_every_refusal_has_a_code_of_its_own():
    codes = [kind.code for kind in classes(refusals.Unanswered)[1:]]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104 - all addresses are not this machine alone.
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_what_means_this_machine_alone(host: str, local: bool):
    assert is_loopback(host) == local
