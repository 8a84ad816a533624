"""A group of commands that names an agent before its action, and has one where none is named."""

from typing import ClassVar

from typer import Context
from typer.core import TyperGroup


class AgentFirst(TyperGroup):
    """`GROUP AGENT [ACTION] …`."""

    without: ClassVar[str] = "list"
    """The action of who names none."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """As if the action had been said."""
        named = [*args]
        if named and not named[0].startswith("-"):
            if named[1:2] == ["--help"]:
                named = ["--help"]
            elif len(named) == 1 or named[1].startswith("-"):
                named.insert(1, self.without)
        return super().parse_args(ctx, named)
