"""`agent-runtime analytics`: who may ask the views with tools of their own."""

from service.analytics.roles import Limits, grant, revoke
from service.cli.exits import Exit
from service.cli.output import print_json, print_note
from service.config import Settings
from service.store import open_store

ACTOR = "cli"


async def grant_role(settings: Settings, *, role: str, limits: Limits, as_json: bool) -> Exit:
    """Let a role ask the views; tell what is left to do."""
    async with open_store(settings) as log:
        granted = await grant(log.database, role, limits, actor=ACTOR)
    if as_json:
        print_json({"role": granted.role, "made": granted.made})
        return Exit.DONE
    print_note(
        f"{role} may read schema analytics, read-only, {limits.statement_timeout_s} s for a "
        f"statement, {limits.connections_max} connections at once."
    )
    if granted.made:
        print_note(rf"It has no password yet: agent-runtime psql, then \password {role}")
    return Exit.DONE


async def revoke_role(settings: Settings, *, role: str, as_json: bool) -> Exit:
    """Let a role ask no more."""
    async with open_store(settings) as log:
        await revoke(log.database, role, actor=ACTOR)
    if as_json:
        print_json({"role": role})
    else:
        print_note(f"{role} may not read schema analytics any more; the role itself stays.")
    return Exit.DONE
