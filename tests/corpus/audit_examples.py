"""What the corpus holds of forks: each shape of their events, and a session that was forked."""

from typing import Final

from schema import events
from schema.events import Event
from tests.scripted_sessions import ACTION, ANSWER, PAY, SALT, MemoryLog, remembering, run

FORKED: Final = events.SessionForked(
    parent="0198c0de-7a4e-7f3a-8000-3b1c5d9e2f40",
    at=3,
    origin="0198c0de-7a4e-7f3a-8000-3b1c5d9e2f40",
    mind=events.MindVersions(memory=5, graph=0),
    salt=SALT[::-1],
    model="scripted:other",
    system_prompt="Be brief.",
    tools=(PAY,),
    limits=events.Limits(max_iterations=3),
    reason="to see",
)

AUDIT_EXAMPLES: Final[tuple[Event, ...]] = (FORKED,)


async def forked() -> list[Event]:
    """A session that goes on otherwise from its first completion."""
    log = MemoryLog()
    log.minds.remember("What 17*23? is: 391.", "Ana is 40.")
    await run(remembering(), ACTION, ANSWER, log=log)
    log.facts = [*log.facts[:3], FORKED]
    await run(remembering(), ACTION, ANSWER, log=log)
    return log.facts


AUDITED: Final = {"forked": forked}
"""Sessions by name, under the second rules."""
