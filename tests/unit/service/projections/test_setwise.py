from hypothesis import given
from hypothesis import strategies as st

from service.projections.setwise import groups_of


@given(st.lists(st.integers(0, 9)), st.integers(1, 12))
def test_groups_keep_the_order_and_weigh_no_more_than_allowed_or_hold_one(
    weights: list[int], most: int
):
    groups = list(groups_of(weights, lambda weight: weight, most))
    assert [weight for group in groups for weight in group] == weights
    assert all(group and (sum(group) <= most or len(group) == 1) for group in groups)
