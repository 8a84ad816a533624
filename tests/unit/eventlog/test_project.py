from hypothesis import given
from hypothesis import strategies as st

from eventlog.block import BlockLimits
from eventlog.project import Suspicion, told

LIMITS = BlockLimits(events=1000, bytes=1 << 20)


def test_without_suspicion_a_block_is_as_large_as_allowed():
    assert Suspicion().narrowed(LIMITS, 0) == LIMITS
    assert Suspicion(after=0, up_to=10).narrowed(LIMITS, 10) == LIMITS


def test_what_stands_before_the_suspects_goes_by_in_one_block():
    assert Suspicion(after=41, up_to=42).narrowed(LIMITS, 7).events == 34


@given(poison=st.integers(1, 1000), size=st.integers(1, 1000))
def test_halving_finds_the_one_poison_event_in_few_blocks(poison: int, size: int):
    position, suspicion, tries = 0, Suspicion(), 0
    while True:
        tries += 1
        up_to = position + suspicion.narrowed(BlockLimits(events=size), position).events
        if position < poison <= up_to:
            if up_to == position + 1:
                break
            suspicion = Suspicion(position, up_to)
        else:
            position = up_to
    assert up_to == poison
    assert tries <= poison // size + 2 * size.bit_length() + 2


def test_an_error_is_told_in_one_line_that_a_text_column_can_hold():
    assert told(ValueError("a\x00b\n  c\ud800")) == "ValueError: a?b c?"
