"""How importance fades: computed when it is read, never written back."""

import math
from datetime import datetime


def decayed(importance: float, age_hours: float, half_life_hours: float | None) -> float:
    """*importance*, halved once per half-life of age, from 0 to 1; None keeps it.

    What lies in the future has no age yet.
    """
    clamped = min(1.0, max(0.0, importance))
    return clamped * faded(age_hours, half_life_hours)


def faded(age_hours: float, half_life_hours: float | None) -> float:
    """The share, from 0 to 1, that is left after *age_hours*; all of it without a half-life."""
    if half_life_hours is None or age_hours <= 0:
        return 1.0
    return math.exp2(-age_hours / half_life_hours)


def age_hours(since: datetime, at: datetime) -> float:
    """The hours from *since* to *at*, at least 0."""
    seconds = (at - since).total_seconds()
    return seconds / 3600 if seconds > 0 else 0.0
