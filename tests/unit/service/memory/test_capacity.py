"""What an agent holds, and who must go: against a model that sorts all of it with exact numbers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from functools import reduce
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from schema import events
from schema.envelope import Metadata, RecordedEvent
from schema.errors import Broken, Invalid
from schema.events import EpisodeEvicted, EpisodeRecorded, Erased, Event, Eviction, MemoryPolicy
from service.memory.capacity import LEAVING_MAX, Held, Holdings, evolve, victims

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def recorded(version: int, event: Event) -> RecordedEvent:
    place = UUID(int=version)
    return RecordedEvent(
        0, version, "ada", "memory-ada", version, place, event.type, 1, event, Metadata(), NOW
    )


def name(version: int) -> str:
    return str(UUID(int=version))


def after(*facts: Event) -> Holdings:
    return reduce(evolve, map(recorded, range(1, len(facts) + 1), facts), Holdings())


def episode(importance: float = 0.5, age: float = 0, **rest: Any) -> EpisodeRecorded:
    return EpisodeRecorded(content="", importance=importance, timestamp=NOW - age * HOUR, **rest)


def new(version: int, importance: float = 0.5, **rest: Any) -> Held:
    return Held(id=name(version), entry=version, importance=importance, timestamp=NOW, **rest)


def leaving(holdings: Holdings, *more: Held, **policy: Any) -> list[int]:
    """The entries that go, where one more episode comes unless it is said which ones."""
    policy = {"capacity": len(holdings.episodes), **policy}
    more = more or (new(holdings.version + 1),)
    gone = victims(holdings, MemoryPolicy(**policy), more, NOW)
    return [UUID(one.id).int for one in gone]


# ------------------------------------------------------------------------------------- victims ---


def test_the_least_important_goes():
    assert leaving(after(episode(0.9), episode(0.1), episode(0.5))) == [2]


def test_of_equals_the_earliest_goes():
    assert leaving(after(episode(age=1), episode(age=3), episode(age=2))) == [2]


def test_of_equals_of_one_time_the_one_recorded_first_goes():
    assert leaving(after(episode(), episode(), episode())) == [1]


def test_the_new_one_never_goes_however_unimportant():
    """In the seed the episode just stored could be its own victim."""
    holdings = after(episode(0.9), episode(0.8))

    assert leaving(holdings, new(3, importance=0)) == [2]
    assert leaving(after(episode(1)), new(2, importance=0)) == [1]


def test_importance_counts_as_it_is_after_it_decayed():
    assert leaving(after(episode(0.9, age=100), episode(0.5)), half_life_hours=24) == [1]
    assert leaving(after(episode(0.9, age=100), episode(0.5))) == [2]


def test_what_lies_in_the_future_has_not_gained_by_it():
    holdings = after(episode(0.4, age=-1000), episode(0.5, age=1))

    assert leaving(holdings, half_life_hours=24) == [1]


def test_an_order_that_was_kept_sees_the_future_become_the_past():
    holdings = after(episode(0.4, age=-10), episode(0.3, age=0))
    policy = MemoryPolicy(capacity=2, half_life_hours=1)
    later = NOW + 10 * HOUR

    assert victims(holdings, policy, [new(3)], NOW)[0].id == name(2)
    assert victims(holdings, policy, [new(3)], later)[0].id == name(2)
    assert victims(holdings, policy, [new(3)], NOW - HOUR)[0].id == name(2)
    assert leaving(after(episode(0.3, age=-10), episode(0.4, age=0)), half_life_hours=1) == [1]


def test_fading_to_nothing_leaves_an_order():
    """The floating-point numbers of both are 0, and yet one of them has less left."""
    holdings = after(episode(1, age=1e6), episode(0.001, age=1e6 - 1))

    assert leaving(holdings, half_life_hours=0.01) == [1]


def test_what_has_no_importance_goes_first_and_the_earliest_of_it():
    holdings = after(episode(0.1, age=1e5), episode(0, age=1), episode(0, age=2))

    assert leaving(holdings, half_life_hours=1) == [3]


def test_the_oldest_goes_where_the_policy_says_so():
    holdings = after(episode(0.1, age=1), episode(1, age=9), episode(0.1, age=2))

    assert leaving(holdings, eviction=Eviction.OLDEST) == [2]
    assert leaving(holdings, eviction=Eviction.OLDEST, half_life_hours=1) == [2]


def test_what_is_pinned_stays():
    holdings = after(episode(0.1, pinned=True), episode(0.5), episode(0.9))

    assert leaving(holdings) == [2]


def test_pinning_and_unpinning_count_at_once():
    pinned = events.EpisodePinned(id=name(1), pinned=True)
    unpinned = events.EpisodePinned(id=name(1), pinned=False)

    assert leaving(after(episode(0.1), episode(0.5), pinned)) == [2]
    assert leaving(after(episode(0.1), episode(0.5), pinned, pinned, unpinned)) == [1]


def test_nothing_can_be_added_where_all_are_pinned():
    holdings = after(episode(pinned=True), episode(pinned=True))

    with pytest.raises(Invalid, match="unpin") as refused:
        leaving(holdings)

    assert refused.value.field == "capacity"


def test_what_has_expired_goes_before_all_else():
    holdings = after(
        episode(0.1), episode(0.9, expires_at=NOW), episode(0.9, expires_at=NOW + HOUR)
    )

    assert leaving(holdings) == [2]


def test_as_long_as_there_is_room_nobody_goes():
    holdings = after(episode(), episode())

    assert leaving(holdings, capacity=3) == []
    assert leaving(holdings, capacity=None) == []
    assert victims(holdings, MemoryPolicy(capacity=1), [], NOW) == ()


def test_a_lowered_capacity_is_kept_from_the_next_one_on():
    holdings = after(*(episode(n / 10) for n in (5, 1, 4, 2, 3)))

    assert leaving(holdings, capacity=2) == [2, 4, 5, 3]


def test_no_append_gets_more_evictions_than_it_can_hold():
    holdings = after(*(episode() for _ in range(LEAVING_MAX + 50)))

    assert leaving(holdings, capacity=1) == [*range(1, LEAVING_MAX + 1)]


def test_of_several_new_ones_only_the_last_is_sure_to_stay():
    holdings = after(episode(0.5), episode(0.6))

    assert leaving(holdings, new(3, importance=0.1), new(4, importance=0)) == [3, 1]
    assert leaving(holdings) == [1]


def test_an_eviction_says_what_was_left():
    (gone,) = victims(
        after(episode(0.8, age=24)), MemoryPolicy(capacity=1, half_life_hours=24), [new(2)], NOW
    )

    assert gone == EpisodeEvicted(id=name(1), importance=0.4, at=NOW)


def test_another_policy_is_another_order():
    holdings = after(episode(0.1, age=1), episode(0.9, age=2))

    assert leaving(holdings) == [1]
    assert leaving(holdings, eviction=Eviction.OLDEST) == [2]
    assert leaving(holdings, half_life_hours=0.1) == [2]
    assert leaving(holdings) == [1]


# ------------------------------------------------------------------------------------ holdings ---


def test_holdings_are_what_is_live():
    holdings = after(
        episode(),
        episode(),
        episode(),
        events.EpisodeForgotten(id=name(1)),
        EpisodeEvicted(id=name(2), importance=0, at=NOW),
        events.FactStored(key="k", value="old"),
        events.FactStored(key="k", value="new"),
        events.FactStored(key="gone", value=""),
        events.FactRemoved(key="gone"),
        events.WorkingSet(key="w", value=""),
    )

    assert holdings.version == 10
    assert [*holdings.episodes] == [name(3)]
    assert holdings.facts == {"k": name(7)}
    assert holdings.working.get("w") == ""


def test_the_first_vector_given_fixes_the_dimension():
    first = events.FactStored(key="k", value="", embedding=(1.0, 0.0))

    assert after(episode(), first, episode(embedding=(1.0,))).dimensions == 2


def test_counts_and_vectors_touch_nothing_that_is_held():
    beside = (
        events.RecallsCounted(ids=(name(1),), at=NOW),
        events.EmbeddingSpaceActivated(space="a", model="m", dimensions=2),
        events.EpisodesEmbedded(space="a", ids=(name(1),)),
    )
    held = after(episode(), *beside)

    assert (held.version, held.touched) == (4, 1)
    assert after(episode(), *beside, events.EpisodePinned(id=name(1), pinned=True)).touched == 5


def test_events_that_name_nothing_change_nothing():
    before, then = (
        after(episode()),
        after(
            episode(),
            events.EpisodeForgotten(id="?"),
            EpisodeEvicted(id=name(9), importance=0, at=NOW),
            events.EpisodePinned(id=name(9), pinned=True),
            events.FactRemoved(key="k"),
            Erased(erased_type="episode_recorded"),
            events.RecallsCounted(ids=(name(9),), at=NOW),
        ),
    )

    assert then.episodes == before.episodes


def test_an_erasure_is_noted_for_who_must_build_holdings_anew():
    erased = events.EventsErased(versions=(1,), reason="asked for")

    assert (after(episode()).erased, after(episode(), erased, episode()).erased) == (0, 2)


def test_an_event_folded_already_changes_nothing():
    holdings = after(episode(), events.EpisodeForgotten(id=name(1)))

    assert evolve(holdings, recorded(1, episode())) is holdings
    assert (holdings.version, holdings.episodes) == (2, {})


def test_an_event_that_is_left_out_is_a_fault_of_ours():
    with pytest.raises(Broken):
        evolve(after(episode()), recorded(3, episode()))


# --------------------------------------------------------------------------------------- model ---

POLICIES = st.builds(
    MemoryPolicy,
    capacity=st.integers(1, 6),
    eviction=st.sampled_from(Eviction),
    half_life_hours=st.sampled_from([None, 7.3, 31.7, 1e-9]),
)
"""No half-life after which one importance of the below were just another one of them: what is
equal but for the last digit may go in either order."""
IMPORTANCES = st.sampled_from([0, 0.3, 0.5, 1])
HOURS = st.integers(-40, 100)
EPISODES = st.builds(
    episode,
    importance=IMPORTANCES,
    age=HOURS,
    pinned=st.integers(0, 3).map(lambda n: n == 0),
    expires_at=st.none() | HOURS.map(lambda hours: NOW + hours * HOUR),
)


def left_of(held: Held, policy: MemoryPolicy, at: datetime) -> Decimal:
    if policy.eviction is Eviction.OLDEST:
        return Decimal(0)
    if policy.half_life_hours is None:
        return Decimal(held.importance)
    age = Decimal(max(0, (at - held.timestamp) / HOUR))
    return Decimal(held.importance) * Decimal(2) ** (-age / Decimal(policy.half_life_hours))


def model(held: Sequence[Held], policy: MemoryPolicy, at: datetime) -> list[str]:
    """All that may go, by the words of the promise."""

    def order(one: Held) -> tuple[Any, ...]:
        if one.expires_at is not None and one.expires_at <= at:
            return (0, one.expires_at, one.entry)
        return (1, left_of(one, policy, at), one.timestamp, one.entry)

    with localcontext(prec=60, Emin=-(10**15)):
        return [one.id for one in sorted((one for one in held if not one.pinned), key=order)]


class Lives(RuleBasedStateMachine):
    """An agent that remembers, forgets, pins and is defined anew, while time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.holdings = Holdings()
        self.facts: list[RecordedEvent] = []
        self.policy = MemoryPolicy(capacity=3)
        self.at = NOW

    def record(self, event: Event) -> None:
        self.facts.append(recorded(len(self.facts) + 1, event))
        self.holdings = evolve(self.holdings, self.facts[-1])

    @rule(several=st.lists(EPISODES, min_size=1, max_size=3))
    def remember(self, several: list[EpisodeRecorded]):
        version = len(self.facts)
        coming = [
            Held(
                id=name(version + n),
                entry=version + n,
                importance=one.importance,
                timestamp=one.timestamp,
                pinned=one.pinned,
                expires_at=one.expires_at,
            )
            for n, one in enumerate(several, start=1)
        ]
        may_go = model([*self.holdings.episodes.values(), *coming[:-1]], self.policy, self.at)
        excess = max(0, len(self.holdings.episodes) + len(coming) - (self.policy.capacity or 0))
        if excess > len(may_go):
            with pytest.raises(Invalid):
                victims(self.holdings, self.policy, coming, self.at)
            return
        gone = victims(self.holdings, self.policy, coming, self.at)
        assert [one.id for one in gone] == may_go[:excess]
        for event in (*several, *gone):
            self.record(event)
        assert len(self.holdings.episodes) <= (self.policy.capacity or 0)
        assert coming[-1].id in self.holdings.episodes

    @rule(data=st.data(), pinned=st.booleans())
    @precondition(lambda self: self.holdings.episodes)
    def pin(self, data: st.DataObject, pinned: bool):
        one = data.draw(st.sampled_from(sorted(self.holdings.episodes)))
        self.record(events.EpisodePinned(id=one, pinned=pinned))

    @rule(data=st.data())
    @precondition(lambda self: self.holdings.episodes)
    def forget(self, data: st.DataObject):
        one = data.draw(st.sampled_from(sorted(self.holdings.episodes)))
        self.record(events.EpisodeForgotten(id=one))

    @rule(policy=POLICIES)
    def define(self, policy: MemoryPolicy):
        self.policy = policy

    @rule(hours=st.integers(-3, 30))
    def wait(self, hours: int):
        """Now and then a clock goes back."""
        self.at += hours * HOUR

    @invariant()
    def what_was_held_along_the_way_is_what_the_events_say(self):
        anew = reduce(evolve, self.facts, Holdings())
        assert anew.episodes == self.holdings.episodes
        assert anew.version == self.holdings.version

    @invariant()
    def whoever_kept_the_order_and_who_did_not_agree(self):
        order = self.holdings.order
        if order is not None and order.follows(self.policy):
            held = [*self.holdings.episodes.values()]
            assert list(order.ids(self.at)) == model(held, self.policy, self.at)


TestLives = Lives.TestCase
TestLives.settings = settings(deadline=None, max_examples=80)


@settings(deadline=None)
@given(
    st.lists(EPISODES.filter(lambda one: not one.pinned), max_size=8),
    st.lists(EPISODES.filter(lambda one: not one.pinned), min_size=1, max_size=5),
    POLICIES,
)
def test_several_at_once_leave_what_one_after_another_would(
    there: list[EpisodeRecorded], coming: list[EpisodeRecorded], policy: MemoryPolicy
):
    def held(n: int, one: EpisodeRecorded) -> Held:
        return new(n, one.importance, expires_at=one.expires_at)

    at_once, one_by_one = after(*there), after(*there)
    several = [held(len(there) + n, one) for n, one in enumerate(coming, start=1)]
    together = {one.id for one in victims(at_once, policy, several, NOW)}

    alone = set()
    for one in several:
        for gone in victims(one_by_one, policy, [one], NOW):
            alone.add(gone.id)
            del one_by_one.episodes[gone.id]
        one_by_one.episodes[one.id] = one
        one_by_one.order = None

    assert together == alone
