import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bench.figures import exponent, percentile

VALUES = st.lists(st.floats(0, 1e6), min_size=1)


def test_a_percentile_is_one_of_the_values():
    assert percentile([3.0, 1.0, 2.0, 4.0], 50) == 2.0


def test_the_99th_of_a_hundred_leaves_one_out():
    assert percentile([float(n) for n in range(1, 101)], 99) == 99.0


def test_a_single_value_is_every_percentile():
    assert [percentile([7.0], percent) for percent in (0, 50, 100)] == [7.0] * 3


@given(VALUES)
def test_the_hundredth_percentile_is_the_greatest(values: list[float]):
    assert percentile(values, 100) == max(values)


@given(VALUES, st.floats(0, 100))
def test_at_least_that_percent_do_not_exceed_it(values: list[float], percent: float):
    found = percentile(values, percent)
    share = sum(value <= found for value in values) / len(values)
    assert share * 100 >= percent - 1e-9


@pytest.mark.parametrize("power", [0.5, 1.0, 1.5, 2.0])
def test_the_exponent_of_a_power_law_is_its_power(power: float):
    sizes = [20.0, 40.0, 80.0, 160.0]
    assert exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)
