"""A session's past, from its recorded events alone: nothing here can reach the world."""

from service.replay.report import Checked, Difference, Report
from service.replay.states import state_at, states
from service.replay.verify import verify

__all__ = ["Checked", "Difference", "Report", "state_at", "states", "verify"]
