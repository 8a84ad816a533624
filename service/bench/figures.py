"""The few statistics that a bench reports."""

import math
from collections.abc import Sequence
from statistics import linear_regression


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of *values* (at least one) that *percent* of them do not exceed."""
    ordered = sorted(values)
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[max(rank, 1) - 1]


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """How *costs* grow with *sizes*: k where cost ~ sizeᵏ fits best; 1 is linear."""
    fit = linear_regression([math.log(s) for s in sizes], [math.log(c) for c in costs])
    return fit.slope
