"""A session's past, from its recorded events alone: nothing here can reach the world."""

from service.replay.states import state_at, states
from service.replay.verify import Checked, Difference, Report, verify

__all__ = ["Checked", "Difference", "Report", "state_at", "states", "verify"]
