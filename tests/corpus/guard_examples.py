"""What guards did in a session: other models asked, answers passed or withheld."""

from typing import Final

from schema import events
from schema.errors import (
    BreakerOpen,
    DeadlinePassed,
    ProviderRefused,
    ProviderUnavailable,
    StageRefused,
    StageUnavailable,
)
from schema.events import Event
from tests.scripted_sessions import ACTION, ANSWER, MemoryLog, ScriptedModel, run, started

GUARD_EXAMPLES: Final[tuple[Event, ...]] = (
    events.FallbackChosen(step=2, model="openai:o", cause="provider_unavailable"),
    events.AnswerPassed(step=2, answer="391 \u0000 \u00fc"),
    events.AnswerWithheld(
        step=2, stage="mask", code="stage_unavailable", detail="it waits", retryable=True
    ),
)

THREE: Final = started(rules=2, fallbacks=("scripted:second", "scripted:third"))
STAGED: Final = started(rules=2, prompt_stages=("trim",), answer_stages=("mask",))
BUSY: Final = ProviderUnavailable("overloaded", 1.0, 529)


async def fell_back() -> list[Event]:
    """Three models in turn, until none is left; then, resumed, the first again."""
    log = MemoryLog()
    shut = BreakerOpen("model:scripted:second", 12.5)
    model = ScriptedModel([BUSY, ACTION, shut, ProviderRefused("no such model", 404)])
    await run(THREE, log=log, model=model)
    log.facts.append(events.SessionResumed(epoch=2, reason="better now"))
    model.script += [DeadlinePassed("late"), ANSWER]
    await run(THREE, log=log, model=model)
    return log.facts


async def passed() -> list[Event]:
    """The answer waits for its stage, which then changes it."""
    log = MemoryLog()
    said: list[str | Exception] = [StageUnavailable("mask", "it waits"), "[masked]"]

    async def pass_(_answer: str) -> str:
        outcome = said.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    await run(STAGED, ACTION, ANSWER, log=log, passed=pass_)
    log.facts.append(events.SessionResumed(epoch=2))
    await run(STAGED, log=log, passed=pass_)
    return log.facts


async def withheld() -> list[Event]:
    """A stage does not let the answer pass."""

    async def pass_(_answer: str) -> str:
        raise StageRefused("mask", "it names somebody")

    _, log = await run(STAGED, ANSWER, passed=pass_)
    return log.facts


GUARDED: Final = {"fell_back": fell_back, "passed": passed, "withheld": withheld}
"""Sessions by name, under the second rules."""
