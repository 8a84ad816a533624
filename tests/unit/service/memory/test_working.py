"""Working memory: a bounded map whose least recently used entry goes first."""

from collections import OrderedDict
from collections.abc import Callable
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schema import events
from schema.errors import NotFound
from schema.events import Event, WorkingEntry, WorkingEvicted, WorkingSet
from service.memory.working import BYTES_MAX, Working, evolve, note, read, remove


def after(*facts: Event) -> Working:
    return reduce(evolve, facts, Working())


def noted(*keys: str) -> Working:
    return after(*(WorkingSet(key=key, value=key.upper()) for key in keys))


def test_over_capacity_the_least_recently_used_goes():
    assert note(noted("a", "b"), "c", "C", 2) == (
        WorkingSet(key="c", value="C"),
        WorkingEvicted(key="a"),
    )


def test_reading_refreshes():
    """The seed's `get` did not."""
    working = after(*(WorkingSet(key=k, value="") for k in "ab"), events.WorkingRead(key="a"))

    assert working.least_recently_used == "b"


def test_writing_again_refreshes_and_evicts_nothing():
    working = evolve(noted("a", "b"), WorkingSet(key="a", value="new"))

    assert working.least_recently_used == "b"
    assert working.get("a") == "new"
    assert note(noted("a", "b"), "a", "new", 2) == (WorkingSet(key="a", value="new"),)


def test_with_room_for_one_the_new_one_stays():
    assert note(noted("a"), "b", "B", 1)[1:] == (WorkingEvicted(key="a"),)


def test_a_lowered_capacity_is_kept_from_the_next_note_on():
    assert note(noted("a", "b", "c", "d"), "b", "new", 2)[1:] == (
        WorkingEvicted(key="a"),
        WorkingEvicted(key="c"),
    )


def test_looking_is_no_use():
    working = noted("a", "b")
    working.get("a")

    assert working.least_recently_used == "a"


def test_entries_come_in_the_order_of_keys_whichever_was_used_last():
    assert noted("b", "c", "a").entries == noted("c", "a", "b").entries
    assert [entry.key for entry in noted("b", "c", "a").entries] == ["a", "b", "c"]


def test_order_of_use_tells_two_apart():
    assert noted("a", "b") != noted("b", "a")


def test_entries_go_until_the_rest_fits_into_a_prompt():
    large = "x" * (BYTES_MAX // 2)
    working = after(WorkingSet(key="a", value=large), WorkingSet(key="b", value=""))

    assert note(working, "c", large, 8)[1:] == (WorkingEvicted(key="a"),)


def test_the_entry_just_written_stays_however_large():
    assert note(noted("a"), "b", "x" * 2 * BYTES_MAX, 8)[1:] == (WorkingEvicted(key="a"),)


@pytest.mark.parametrize("use", [read, remove])
def test_what_is_not_there_cannot_be_used(use: Callable[[Working, str], object]):
    with pytest.raises(NotFound, match="'z'"):
        use(noted("a"), "z")


def test_events_that_name_no_entry_change_nothing():
    working = noted("a")
    for event in (events.WorkingRead, events.WorkingRemoved, events.WorkingEvicted):
        assert evolve(working, event(key="z")) == working
    assert evolve(working, events.FactRemoved(key="a")) is working


def test_a_change_leaves_the_former_state_as_it_was():
    before = noted("a")
    evolve(before, WorkingSet(key="b", value=""))

    assert before == noted("a")


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
def test_any_text_can_be_noted(key: str, value: str):
    assert after(*note(Working(), key, value, 1)).get(key) == value


KEYS = st.sampled_from("abcdef")


class Uses(RuleBasedStateMachine):
    """Working memory beside an `OrderedDict`, which is an LRU in the standard library."""

    @initialize(capacity=st.integers(1, 5))
    def begin(self, capacity: int):
        self.capacity = capacity
        self.working = Working()
        self.model: OrderedDict[str, str] = OrderedDict()

    def record(self, facts: tuple[Event, ...]) -> None:
        self.working = reduce(evolve, facts, self.working)

    @rule(key=KEYS, value=st.text(max_size=3))
    def note(self, key: str, value: str):
        self.record(note(self.working, key, value, self.capacity))
        self.model[key] = value
        self.model.move_to_end(key)
        while len(self.model) > self.capacity:
            self.model.popitem(last=False)

    @rule(data=st.data())
    @precondition(lambda self: self.model)
    def read(self, data: st.DataObject):
        key = data.draw(st.sampled_from(sorted(self.model)))
        self.record(read(self.working, key))
        self.model.move_to_end(key)

    @rule(data=st.data())
    @precondition(lambda self: self.model)
    def remove(self, data: st.DataObject):
        key = data.draw(st.sampled_from(sorted(self.model)))
        self.record(remove(self.working, key))
        del self.model[key]

    @rule(capacity=st.integers(1, 5))
    def redefine(self, capacity: int):
        self.capacity = capacity

    @invariant()
    def both_hold_the_same_in_the_same_order_of_use(self):
        assert [(entry.key, entry.value) for entry in self.working.used] == [*self.model.items()]
        assert self.working.least_recently_used == next(iter(self.model), None)
        assert self.working.entries == tuple(
            WorkingEntry(key=key, value=value) for key, value in sorted(self.model.items())
        )


TestUses = Uses.TestCase
TestUses.settings = settings(deadline=None, max_examples=60)
