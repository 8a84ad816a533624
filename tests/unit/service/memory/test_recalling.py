"""What a recall leaves behind."""

from msgspec.structs import replace

from eventlog.members import EVENT_BYTES_MAX
from schema import events, json_text
from service.memory.recalling import BYTES_MAX, counted, fitting
from service.memory.working import BYTES_MAX as WORKING_BYTES_MAX
from tests.minds import AT


def recalled(*contents: str) -> events.MemoryRecalled:
    items = [
        events.RecalledItem(
            id=str(n),
            kind="episode",
            content=content,
            score=1.0,
            parts={},
            importance=0.5,
            timestamp=AT,
        )
        for n, content in enumerate(contents)
    ]
    policy = events.MemoryPolicy()
    return events.MemoryRecalled(query="", policy=policy, version=1, at=AT, items=tuple(items))


def test_what_fits_stays_as_it_is():
    found = recalled("a", "b")
    assert fitting(found) is found


def test_the_best_are_taken_first_and_a_shorter_one_may_still_fit():
    kept = fitting(recalled(*["\x00" * 40_000] * 3, "short"))
    assert [item.id for item in kept.items] == ["0", "1", "3"]


def test_the_most_that_a_recall_may_hold_fits_in_an_event():
    full = fitting(recalled(*["x" * 4000] * 200))
    entry = events.WorkingEntry(key="k", value="\x01" * WORKING_BYTES_MAX)
    stored = json_text.encode(replace(full, working=(entry,), query="\x01" * 8192))
    assert sum(len(json_text.encode(item)) for item in full.items) > BYTES_MAX - 8192
    assert len(stored) < EVENT_BYTES_MAX


def test_only_what_the_model_is_told_is_counted():
    found = recalled("a", "b")
    one = replace(found, items=(found.items[0], replace(found.items[1], told=False)))
    assert counted(one) == (events.RecallsCounted(ids=("0",), at=AT),)
    assert counted(replace(found, items=())) == ()
