"""`agent-runtime fork`: a session goes on otherwise from one of its versions, as one of its own."""

from collections.abc import Mapping

from schema.messages.checked import checked
from schema.messages.forks import ForkSession
from service.agent.session import Status
from service.audit.forking import fork_session
from service.cli.console import out
from service.cli.exits import Exit
from service.cli.output import print_note
from service.cli.run import ACTOR, Allowed, drive, opened, tell_end, watching
from service.cli.show import place
from service.config import Settings
from service.sessions import SHORT, find_session


async def fork_and_run(
    settings: Settings,
    *,
    name: str,
    at: str,
    said: Mapping[str, object],
    allowed: Allowed,
    runs: bool,
    as_json: bool,
) -> Exit:
    """Fork a session; unless told otherwise, run the fork to where it rests."""
    command = checked(ForkSession, {**said, "at": place(at)})
    async with (
        opened(settings, allowed) as runtime,
        watching(runtime, out(), as_json=as_json) as watcher,
    ):
        session_id = await find_session(runtime.log, name)
        lease = await fork_session(runtime, session_id, command, actor=ACTOR)
        short = str(lease.session_id)[-SHORT:]
        print_note(f"Session {short} is a fork of {str(session_id)[-SHORT:]}.")
        if not runs:
            await runtime.leases.release(lease)
            print_note(f"It waits: agent-runtime resume {short}")
            return Exit.DONE
        state = await drive(runtime, lease, watcher)
    tell_end(lease.session_id, state, as_json=as_json)
    return Exit.DONE if state.status is Status.COMPLETED else Exit.FAILED
