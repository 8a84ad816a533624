"""`agent-runtime resume`: a session that nobody drives goes on here, from where it stands."""

from service.agent.session import Status
from service.cli.console import out
from service.cli.exits import Exit
from service.cli.run import ACTOR, Allowed, drive, opened, tell_end, watching
from service.config import Settings
from service.sessions import find_session


async def resume_session(
    settings: Settings, *, name: str, reason: str, allowed: Allowed, as_json: bool
) -> Exit:
    """Take a session up and run it to where it rests; whoever stops us has it cancelled."""
    async with (
        opened(settings, allowed) as runtime,
        watching(runtime, out(), as_json=as_json) as watcher,
    ):
        session_id = await find_session(runtime.log, name)
        lease = await runtime.resume_session(session_id, reason, actor=ACTOR)
        state = await drive(runtime, lease, watcher)
    tell_end(session_id, state, as_json=as_json)
    return Exit.DONE if state.status is Status.COMPLETED else Exit.FAILED
