"""The tool `now`: what time it is, anywhere."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from schema.events import Effect, ToolExample
from service.agent.tools.nearest import no_such
from service.agent.tools.observation import ToolError
from service.agent.tools.tool import Tool, tool


def _utc() -> datetime:
    return datetime.now(UTC)


def now_tool(clock: Callable[[], datetime] = _utc) -> Tool:
    """The tool `now`, reading *clock*."""

    # Sync, hence in a thread: zones are read from files.
    @tool(
        effect=Effect.PURE,
        examples=(
            ToolExample(
                task="What time is it in Vienna?",
                arguments={"zone": "Europe/Vienna"},
                result={"time": "2026-03-29T14:05:00+02:00", "weekday": "Sunday"},
            ),
            ToolExample(
                task="What day is today?",
                arguments={},
                result={"time": "2026-03-30T09:10:00+00:00", "weekday": "Monday"},
            ),
        ),
    )
    def now(zone: Annotated[str, "IANA time zone, such as Asia/Tokyo"] = "UTC") -> dict[str, Any]:
        """Tell the current date, time and weekday in a time zone."""
        local = clock().astimezone(_zone(zone))
        return {"time": local.isoformat(timespec="seconds"), "weekday": f"{local:%A}"}

    return now


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:  # unknown, no name at all, a folder
        sentence = no_such("time zone", name, available_timezones())
        raise ToolError("not_found", sentence) from error
