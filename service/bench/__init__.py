"""Benches: how fast the log and the loop are, beside the floor that bare asyncpg sets."""

from service.bench.measure import Rounds
from service.bench.run import run

__all__ = ["Rounds", "run"]
