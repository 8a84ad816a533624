"""How importance fades: against exact arithmetic, and against what the seed did."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.memory.decay import age_hours, decayed, faded

SHARES = st.floats(0, 1)
AGES = st.floats(0, 1e7)
HALF_LIVES = st.floats(1e-3, 1e7)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@settings(deadline=None)
@given(SHARES, AGES, HALF_LIVES)
def test_importance_halves_once_per_half_life(importance: float, age: float, half_life: float):
    with localcontext(prec=40):
        exact = Decimal(importance) * Decimal(2) ** (-Decimal(age) / Decimal(half_life))

    assert decayed(importance, age, half_life) == pytest.approx(float(exact), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(("age", "left"), [(0, 0.8), (24, 0.4), (48, 0.2), (240, 0.8 / 1024)])
def test_what_is_left_of_it_by_hand(age: float, left: float):
    assert decayed(0.8, age, 24) == pytest.approx(left, rel=1e-12)


@given(SHARES, st.floats(-1e9, 1e9))
def test_without_a_half_life_it_keeps(importance: float, age: float):
    assert decayed(importance, age, None) == importance


@given(SHARES, st.floats(-1e9, 0), HALF_LIVES)
def test_what_lies_in_the_future_has_no_age_yet(importance: float, age: float, half_life: float):
    assert decayed(importance, age, half_life) == importance
    assert age_hours(NOW, NOW + timedelta(hours=max(age, -1e5))) == 0


@given(st.floats(allow_nan=False), st.floats(0), st.floats(0, exclude_min=True))
def test_nothing_leaves_the_range_from_0_to_1(importance: float, age: float, half_life: float):
    half_life = half_life if math.isfinite(half_life) else 1.0
    age = age if math.isfinite(age) else 1e300

    assert 0 <= decayed(importance, age, half_life) <= 1
    assert 0 <= faded(age, half_life) <= 1


@given(SHARES, AGES, AGES, HALF_LIVES)
def test_the_older_is_never_worth_more(importance: float, one: float, two: float, half: float):
    assert decayed(importance, max(one, two), half) <= decayed(importance, min(one, two), half)


def test_reading_it_often_decays_it_once():
    """The seed wrote the decayed value back, so that ten recalls decayed ten times."""
    assert {decayed(0.8, 24, 24) for _ in range(10)} == {0.4}


def test_an_age_is_told_in_hours():
    assert age_hours(NOW - timedelta(days=1, minutes=30), NOW) == 24.5
