from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog.tokens import CHARACTERS_MAX, from_token, to_token
from schema.errors import TokenRefused
from schema.ids import PARTITIONS_MAX

POSITIONS_MAX = 2**63 - 1
vectors = st.dictionaries(st.integers(0, PARTITIONS_MAX - 1), st.integers(0, POSITIONS_MAX))
HEADS = dict.fromkeys(range(PARTITIONS_MAX), POSITIONS_MAX)


@given(st.integers(0, 2**31 - 1), vectors)
def test_a_token_comes_back_as_the_positions_it_was_made_of(epoch: int, positions: dict[int, int]):
    assert from_token(to_token(epoch, positions), epoch=epoch, heads=HEADS) == positions


def test_the_longest_token_is_read():
    assert from_token(to_token(2**31 - 1, HEADS), epoch=2**31 - 1, heads=HEADS) == HEADS
    assert len(to_token(2**31 - 1, HEADS)) <= CHARACTERS_MAX


def test_a_token_from_before_a_restore_is_refused():
    with pytest.raises(TokenRefused, match="restored"):
        from_token(to_token(1, {0: 3}), epoch=2, heads={0: 9})


@pytest.mark.parametrize("heads", [{0: 6}, {1: 9}])
def test_a_token_ahead_of_the_log_is_refused(heads: dict[int, int]):
    with pytest.raises(TokenRefused, match="beyond the log"):
        from_token(to_token(1, {0: 7}), epoch=1, heads=heads)


@given(st.text())
def test_garbage_is_refused(text: str):
    with pytest.raises(TokenRefused):
        from_token(text, epoch=-1, heads={})


@pytest.mark.parametrize(
    "change", [str.lower, lambda t: t + "=", lambda t: t[:-1], lambda t: t * 2]
)
def test_a_token_that_was_touched_is_refused(change: Callable[[str], str]):
    with pytest.raises(TokenRefused):
        from_token(change(to_token(1, {0: 7, 3: 2**40})), epoch=1, heads=HEADS)


def test_a_token_too_long_to_be_ours_is_refused_unread():
    with pytest.raises(TokenRefused):
        from_token("A" * (CHARACTERS_MAX + 1), epoch=1, heads={})
