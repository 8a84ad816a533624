"""A model's server that misbehaves, as a session meets it: for each misbehaviour what is told."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import stamina
from msgspec.structs import replace as changed

from schema import events
from schema.completions import Completion, CompletionRequest
from schema.events import Event
from service.agent import loop
from service.agent.session import fold
from service.guarded import ASKED_MAX, Guards
from service.orchestrator.breaker import LocalBreakers
from service.orchestrator.circuit import Rules, State
from service.orchestrator.retry import Retrying
from service.providers.open import open_client
from service.replay import verify
from tests.misbehaving import (
    BehaveFn,
    answers,
    babbles,
    cuts,
    is_no_http,
    is_silent,
    limits,
    misbehaving,
    refuses,
    resets,
    shows_a_page,
    trickles,
)
from tests.model_wires import KEY, provider_of
from tests.scripted_sessions import MemoryLog, ScriptedModel, effects_of, recorded, started

WIRES = pytest.mark.parametrize("wire", ["anthropic", "openai"])
SOON_S = 0.4
"""How long a model may take that never comes to an end."""
ONE_ANSWER_S = 3.0
"""How long a model may take of which one answer must arrive, however busy the machine is."""
BASE_S = 0.01
TRIED_AGAIN = [
    refuses(529, "overloaded_error"),
    refuses(500, "api_error"),
    refuses(503, "overloaded"),
    limits(2, by_date=False),
    cuts,
    resets,
    babbles,
    is_no_http,
]


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    """Waits between attempts are told, and not made."""
    with stamina.set_testing(True, attempts=ASKED_MAX):
        yield


class Asked:
    """A session of one step whose model's server does as it is told, with guards of its own."""

    def __init__(self, wire: str, *behaviours: BehaveFn) -> None:
        self.wire = wire
        self.behaviours = behaviours
        self.waits: list[Retrying] = []
        self.breakers = LocalBreakers()
        self.said: list[str] = []
        self.times = 0

    async def run(self, timeout_s: float = 30.0, **changes: object) -> list[Event]:
        """Run it; what it recorded behind its start, which verifies."""
        limits = events.Limits(completion_timeout_s=timeout_s)
        start = changed(started(protocol=events.Protocol.NATIVE, limits=limits), **changes)
        log = MemoryLog(facts=[start])
        async with misbehaving(self.wire, *self.behaviours) as server:
            headers = {"x-api-key": KEY}
            async with open_client("BASE_URL", f"{server.url}/v1", headers) as client:
                provider = provider_of(self.wire, client)
                guards = Guards(
                    self.breakers,
                    Rules(threshold=2, recovery_window_s=60),
                    on_retry=lambda _, __: self.waits.append,
                    model_base_s=BASE_S,
                )

                async def think(request: CompletionRequest) -> Completion:
                    return await guards.ask(
                        f"{request.provider}:{request.model}",
                        lambda: provider.complete(request, self.said.append),
                        timeout_s=request.timeout_s,
                        open_wait_s=0,
                    )

                effects = replace(effects_of(log, ScriptedModel([])), think=think)
                await loop.run(fold(log.facts), effects, calls_at_once=1)
            self.times = server.asked
        assert verify(recorded(log.facts)).difference is None
        assert KEY not in str(log.facts)
        return log.facts[1:]

    @property
    def state(self) -> State:
        return self.breakers.known("model:scripted:test")[0].state


@WIRES
@pytest.mark.parametrize("once", TRIED_AGAIN)
async def test_what_may_pass_is_asked_again_and_the_answer_is_the_second_ones(
    wire: str, once: BehaveFn
):
    asked = Asked(wire, once, answers)

    _, end = await asked.run()

    assert end == events.SessionCompleted(answer="It is 391.")
    assert asked.times == 2
    assert asked.state is State.CLOSED


@WIRES
@pytest.mark.parametrize("by_date", [False, True])
async def test_nobody_comes_again_sooner_than_the_provider_said(wire: str, by_date: bool):
    asked = Asked(wire, limits(7, by_date=by_date), answers)

    await asked.run()

    (wait,) = asked.waits
    assert 7 <= wait.wait_s <= 7 + BASE_S


@WIRES
async def test_who_wants_us_to_wait_for_long_is_not_asked_again(wire: str):
    asked = Asked(wire, limits(600, by_date=False), answers)

    failure, end = await asked.run()

    assert isinstance(failure, events.CompletionFailed)
    assert (failure.code, failure.status, asked.times) == ("provider_unavailable", 429, 1)
    assert isinstance(end, events.SessionPaused)


@WIRES
@pytest.mark.parametrize(
    ("always", "status"),
    [(refuses(529, "overloaded_error"), 529), (refuses(500, "api_error"), 500), (cuts, None)],
)
async def test_who_fails_again_and_again_has_the_session_paused(
    wire: str, always: BehaveFn, status: int | None
):
    asked = Asked(wire, always)

    failure, end = await asked.run()

    assert isinstance(failure, events.CompletionFailed)
    assert (failure.code, failure.status) == ("provider_unavailable", status)
    assert (asked.times, failure.retryable) == (ASKED_MAX, True)
    assert isinstance(end, events.SessionPaused)


@WIRES
@pytest.mark.parametrize("never", [trickles, is_silent])
async def test_who_does_not_come_to_an_end_is_cut_off_when_its_time_is_up(
    wire: str, never: BehaveFn
):
    asked = Asked(wire, never)

    failure, end = await asked.run(timeout_s=SOON_S)

    assert isinstance(failure, events.CompletionFailed)
    assert (failure.code, asked.times) == ("timeout", 1)
    assert isinstance(end, events.SessionPaused)
    assert asked.breakers.known("model:scripted:test")[0].failures == 1


@WIRES
async def test_a_time_that_is_up_tells_what_went_wrong_before(wire: str):
    asked = Asked(wire, refuses(500, "api_error"), is_silent)

    failure, _ = await asked.run(timeout_s=ONE_ANSWER_S)

    assert isinstance(failure, events.CompletionFailed)
    late = f"no completion within {ONE_ANSWER_S:g} s"
    assert failure.detail.startswith(f"{late}; before that: {wire}")


@WIRES
@pytest.mark.parametrize(
    "always", [refuses(401, "authentication_error"), refuses(400, "invalid"), shows_a_page]
)
async def test_who_will_never_answer_is_asked_once_and_is_no_sick_server(
    wire: str, always: BehaveFn
):
    asked = Asked(wire, always)

    failure, end = await asked.run()

    assert isinstance(failure, events.CompletionFailed)
    assert (failure.code, asked.times) == ("provider_refused", 1)
    assert isinstance(end, events.SessionFailed)
    assert asked.breakers.known("model:scripted:test")[0].failures == 0


@WIRES
async def test_a_breaker_opens_before_it_and_the_next_model_is_asked_at_once(wire: str):
    ill = [refuses(529, "overloaded_error")] * (2 * ASKED_MAX)
    asked = Asked(wire, *ill, answers)
    await asked.run()
    (*_, second) = await asked.run()
    assert (asked.state, type(second)) == (State.OPEN, events.SessionPaused)

    asked.behaviours = (answers,)
    failure, chosen, _, end = await asked.run(fallbacks=("scripted:second",))

    assert isinstance(failure, events.CompletionFailed)
    assert failure.code == "breaker_open"
    assert chosen == events.FallbackChosen(step=1, model="scripted:second", cause="breaker_open")
    assert (asked.times, type(end)) == (1, events.SessionCompleted)
