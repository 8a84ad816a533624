"""A command that says of what was typed wrongly that it was typed to it."""

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException


class Blamed(TyperCommand):
    """A command to whose help everybody is sent who typed it wrongly."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """As ever; the parser alone does not tell whose arguments it read."""
        try:
            return super().parse_args(ctx, args)
        except TyperException as error:
            if getattr(error, "ctx", None) is None:
                error.ctx = ctx  # type: ignore[attr-defined]
            raise
