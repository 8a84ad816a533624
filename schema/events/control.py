"""What people and other processes decide about a session in the midst of it."""

from typing import Any, ClassVar, Literal

from schema.events.base import Event, Side


class PauseRequested(Event, frozen=True, kw_only=True):
    """Somebody wants the session to begin nothing more until it is resumed."""

    type: ClassVar[str] = "pause_requested"

    reason: str = ""


class ApprovalRequested(Event, frozen=True, kw_only=True):
    """Calls wait for somebody's word: none of them has run."""

    type: ClassVar[str] = "approval_requested"
    side: ClassVar[Side] = Side.DECISION

    call_ids: tuple[str, ...]
    """In the model's order."""


class ApprovalDecided(Event, frozen=True, kw_only=True):
    """Somebody let a call run, or said no, which the model is told; who stands in the metadata."""

    type: ClassVar[str] = "approval_decided"

    call_id: str
    approved: bool
    arguments: dict[str, Any] | None = None
    """What it runs with instead of what the model gave; None leaves that as it is."""
    reason: str = ""


class ToolReconciled(Event, frozen=True, kw_only=True):
    """Somebody found out what became of a call whose outcome was unknown."""

    type: ClassVar[str] = "tool_reconciled"

    call_id: str
    outcome: Literal["happened", "did_not_happen"]
    """What has not happened is run when the session goes on."""
    data: Any = None
    """What the tool gave back, where it happened."""
    reason: str = ""


class BudgetReached(Event, frozen=True, kw_only=True):
    """The session has spent what it may, and waits for more."""

    type: ClassVar[str] = "budget_reached"
    side: ClassVar[Side] = Side.DECISION

    kind: Literal["tokens", "steps", "seconds", "cost"]
    most: float
    """What it may spend."""
    spent: float


class BudgetRaised(Event, frozen=True, kw_only=True):
    """Somebody lets the session spend more, in all; what is None stays as it was."""

    type: ClassVar[str] = "budget_raised"

    tokens: int | None = None
    steps: int | None = None
    seconds: float | None = None
    cost: float | None = None
    reason: str = ""
