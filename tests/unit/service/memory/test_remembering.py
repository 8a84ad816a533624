"""What remembering brings about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import events
from schema.envelope import AT_HEAD
from schema.errors import Invalid
from schema.messages.memory import CONTENT_BYTES_MAX
from service.memory.capacity import Holdings
from service.memory.remembering import remembered, written_back
from tests.minds import AT, ListedMinds

EPISODE = events.EpisodeRecorded(content="new", importance=0.0, timestamp=AT)


async def test_without_a_capacity_nobody_asks_what_is_held():
    async def asked() -> Holdings:
        raise AssertionError

    facts, expected = await remembered(asked, events.MemoryPolicy(), EPISODE, AT)
    assert (facts, expected) == ((EPISODE,), AT_HEAD)


async def test_with_a_capacity_it_rests_on_the_version_that_was_looked_at():
    minds = ListedMinds()
    minds.remember("a", "b")

    async def held() -> Holdings:
        return minds.held()

    roomy, expected = await remembered(held, events.MemoryPolicy(capacity=3), EPISODE, AT)
    assert (roomy, expected) == ((EPISODE,), 2)
    full, _ = await remembered(held, events.MemoryPolicy(capacity=2), EPISODE, AT)
    evicted, last = full
    assert isinstance(evicted, events.EpisodeEvicted)
    assert (evicted.id, last) == (str(minds.facts[0].event_id), EPISODE)


async def test_the_new_one_is_never_its_own_victim():
    minds = ListedMinds()
    minds.add(events.EpisodeRecorded(content="a", importance=1, timestamp=AT, pinned=True))

    async def held() -> Holdings:
        return minds.held()

    with pytest.raises(Invalid):
        await remembered(held, events.MemoryPolicy(capacity=1), EPISODE, AT)


def test_a_session_is_written_back_with_its_task_and_its_answer():
    episode = written_back("What is it?", "391", "s", AT)
    assert episode == events.EpisodeRecorded(
        content="What is it?\n\n391", importance=0.5, timestamp=AT, tags=("session",), session="s"
    )


@given(st.text(st.characters(codec=None)), st.sampled_from(["x", "ü", "\ud800", "🙂"]))
def test_what_is_written_back_always_fits(prompt: str, letter: str):
    for answer in (letter * (CONTENT_BYTES_MAX // 2), letter * CONTENT_BYTES_MAX):
        content = written_back(prompt, answer, "s", AT).content
        assert len(content.encode(errors="surrogatepass")) <= CONTENT_BYTES_MAX
        assert content.startswith(prompt[:100].encode(errors="ignore").decode() or "\n\n")
