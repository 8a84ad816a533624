"""Every command: its arguments, its help with an example, and where it is done.

What a command needs is imported when it is called, so that help and mistakes are told at once.
"""

from service.cli.commands import running  # isort: skip - help lists them in this order.
from service.cli.commands import control, resuming  # isort: skip
from service.cli.commands import auditing  # isort: skip
from service.cli.commands import minds  # isort: skip
from service.cli.commands import graph, graph_changes  # isort: skip
from service.cli.commands import analytics  # isort: skip
from service.cli.commands import operating  # isort: skip
from service.cli.commands.program import PROGRAM, app

__all__ = [
    "PROGRAM",
    "analytics",
    "app",
    "auditing",
    "control",
    "graph",
    "graph_changes",
    "minds",
    "operating",
    "resuming",
    "running",
]
