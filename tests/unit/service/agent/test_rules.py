"""Rules under a number never change: what was recorded under them verifies for ever."""

from pathlib import Path

import pytest

from schema import events
from service.agent import rules
from service.replay import verify
from tests.corpus import write as corpus
from tests.scripted_sessions import recorded, remembering

STARTED = events.SessionStarted
SESSIONS = sorted((corpus.HERE / "sessions").glob("*.jsonl"))


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_a_session_of_the_corpus_verifies(path: Path):
    facts = corpus.read(path)
    report = verify(recorded(facts))
    assert report.difference is None, str(report.difference)
    completions = sum(isinstance(fact, events.CompletionReceived) for fact in facts)
    assert report.checked.prompts == completions
    assert report.checked.events == len(facts)


@pytest.mark.parametrize("number", rules.RULES)
def test_every_number_has_sessions_of_both_protocols(number: int):
    paths = [path for path in SESSIONS if path.stem.endswith(f"rules_{number}")]
    starts = [fact for path in paths for fact in corpus.read(path)[:1] if isinstance(fact, STARTED)]
    assert len(starts) == len(paths)
    assert {start.protocol for start in starts} == set(events.Protocol)
    assert {start.rules for start in starts} == {number}


@pytest.mark.parametrize(
    "name", ["text_answered.rules_1", "text_recalled.rules_2", "text_known.rules_2"]
)
async def test_a_session_run_now_asks_what_it_asked_then(name: str):
    then = corpus.read(corpus.HERE / "sessions" / f"{name}.jsonl")
    now = await corpus.session(name.partition(".")[0])
    digests = [
        [fact.prompt_digest for fact in facts if isinstance(fact, events.CompletionReceived)]
        for facts in (then, now)
    ]
    assert digests[0] == digests[1]


def test_sessions_that_remember_pin_the_latest_rules():
    assert remembering().rules == rules.LATEST
