"""What a picture is made of: discs with names under them, and arrows between them; in points."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from service.cli.drawing.lettering import Box, extent_pt

__all__ = ["GAP_PT", "LINE", "NAME_PT", "Arrow", "Disc", "along", "ends_of", "length_of"]

NAME_PT: Final = 9.0
LINE: Final = 1.3
"""From one line to the next, over the size of the text."""
GAP_PT: Final = 2.0
"""Between a disc and its name, and an arrow's head and its disc."""
BEND: Final = 0.16
"""Of two arrows that go both ways: how far each goes aside, over its length."""
LOOP: Final = -2.0
"""The same of an arrow that comes back to where it began."""
ROOM_MAX: Final = 0.4
"""What an arrow leaves free at either end, over the way from disc to disc."""


class Disc(NamedTuple):
    """An entity, with its name in lines under it."""

    x: float
    y: float
    radius: float
    colour: str
    lines: Sequence[str]

    @property
    def covers(self) -> Box:
        """What nothing else may be written on."""
        half = max([self.radius, *(extent_pt(line, NAME_PT) / 2 for line in self.lines)])
        lowest = self.y - self.radius - GAP_PT - LINE * NAME_PT * len(self.lines)
        return Box(self.x - half, lowest, self.x + half, self.y + self.radius)

    def reach(self, angle: float) -> float:
        """How far it is from the middle to where disc or name ends, in that direction."""
        across, up = abs(math.cos(angle)), math.sin(angle)
        if up >= 0:
            return self.radius
        box = self.covers
        out = min((self.y - box.bottom) / -up, (box.right - self.x) / max(across, 1e-9))
        return out if out * -up > self.radius else self.radius


class Arrow(NamedTuple):
    """All that relates one disc to another."""

    source: Disc
    target: Disc
    kinds: str
    width: float
    below_zero: bool
    bent: bool
    """There is another one that goes back."""


def ends_of(arrow: Arrow) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Where the line begins and ends, outside of discs and names, and how it bends."""
    one, other = arrow.source, arrow.target
    if one is other:
        aside, up = one.radius * 0.7, one.radius * 0.75
        return (one.x - aside, one.y + up), (one.x + aside, one.y + up), LOOP
    bend = BEND if arrow.bent else 0.0
    across, rise = other.x - one.x, other.y - one.y
    # A bent line leaves and comes in at an angle to the straight way.
    turn = math.atan2(2 * bend, 1)
    way = math.atan2(rise, across)
    leaves, comes = way - turn, way + math.pi + turn
    room_max = ROOM_MAX * math.hypot(across, rise)
    begin = min(one.reach(leaves) + 1, room_max)
    end = min(other.reach(comes) + GAP_PT, room_max)
    return _from(one, leaves, begin), _from(other, comes, end), bend


def _from(disc: Disc, angle: float, distance: float) -> tuple[float, float]:
    return disc.x + distance * math.cos(angle), disc.y + distance * math.sin(angle)


def along(arrow: Arrow, share: float) -> tuple[float, float]:
    """The point on the line after so much of it."""
    (x1, y1), (x2, y2), bend = ends_of(arrow)
    x = (x1 + x2) / 2 + bend * (y2 - y1)
    y = (y1 + y2) / 2 - bend * (x2 - x1)
    first, middle, last = (1 - share) ** 2, 2 * share * (1 - share), share**2
    return first * x1 + middle * x + last * x2, first * y1 + middle * y + last * y2


def length_of(arrow: Arrow) -> float:
    """From disc to disc."""
    return math.hypot(arrow.source.x - arrow.target.x, arrow.source.y - arrow.target.y)
