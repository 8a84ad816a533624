from datetime import UTC, datetime

import pytest

from service.agent.tools import ToolError
from service.agent.tools.now import now_tool

NOON = datetime(2026, 3, 29, 12, 5, tzinfo=UTC)


def now(zone: str = "UTC"):
    return now_tool(clock=lambda: NOON).function(zone)


def test_it_tells_the_time_in_utc_or_in_a_zone():
    assert now() == {"time": "2026-03-29T12:05:00+00:00", "weekday": "Sunday"}
    assert now("Europe/Vienna")["time"] == "2026-03-29T14:05:00+02:00"
    assert now("Pacific/Kiritimati") == {"time": "2026-03-30T02:05:00+14:00", "weekday": "Monday"}


def test_an_unknown_zone_is_told_with_the_nearest():
    with pytest.raises(ToolError, match="did you mean Europe/Vienna") as raised:
        now("europe/viena")
    assert raised.value.kind == "not_found"


@pytest.mark.parametrize(
    "zone", ["", "Europe", "../../etc/passwd", "/etc/passwd", "a\0b", "x" * 999]
)
def test_what_is_no_zone_is_not_found(zone: str):
    with pytest.raises(ToolError) as raised:
        now(zone)
    assert raised.value.kind == "not_found"
