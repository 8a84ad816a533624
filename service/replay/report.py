"""What verifying a session found."""

from typing import Literal

from msgspec import Struct

Kind = Literal["data", "order", "rules", "input", "decision", "prompt", "end"]


class Difference(Struct, frozen=True, kw_only=True):
    """Where a session is not what its rules make of it."""

    kind: Kind
    """`data`: it is not what was appended, or gone unrecorded; `rules`: this program lacks them."""
    version: int
    event_type: str
    expected: str
    found: str

    def __str__(self) -> str:
        """The difference as a sentence."""
        return (
            f"version {self.version} ({self.event_type}): "
            f"expected {self.expected}, found {self.found}"
        )


class Checked(Struct, kw_only=True):
    """How much was compared."""

    events: int = 0
    decisions: int = 0
    inputs: int = 0
    prompts: int = 0
    erased: int = 0
    """Events whose data is gone, of which only the place could be checked."""


class Report(Struct, frozen=True):
    """What verifying found."""

    difference: Difference | None
    """The first one; None where there is none."""
    checked: Checked
