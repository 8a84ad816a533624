"""`agent-runtime memory AGENT reembed`: a memory moves to another embedder."""

import msgspec

from service.cli.catching_up import bars
from service.cli.console import counted
from service.cli.exits import Exit
from service.cli.output import print_json, print_note
from service.config import Settings
from service.memories import open_memories
from service.memory.reembedding import Moved


async def reembed_memory(settings: Settings, *, agent_id: str, as_json: bool) -> Exit:
    """Fill the new space with a bar, compare it with the old one, switch."""
    async with open_memories(settings) as opened:
        with bars() as shown:
            moved = await opened.memory.reembed(
                agent_id, lambda done, total: shown.move("embedding", 0, done, total)
            )
    if as_json:
        print_json(msgspec.to_builtins(moved))
    else:
        _tell(agent_id, moved)
    return Exit.DONE


def _tell(agent_id: str, moved: Moved) -> None:
    if moved.after is None:
        print_note(f"{agent_id} remembers nothing: there is nothing to move.")
        return
    embedded = f"{moved.embedded} of its texts had no vector there."
    if moved.before == moved.after:
        print_note(f"It is in {moved.after} already; {embedded}")
        return
    if moved.overlap is not None:
        print_note(
            f"Asked {counted(moved.queries, 'time')} as its sessions had, {moved.before} and "
            f"{moved.after} agree on {moved.overlap:.0%} of the ten best memories."
        )
    print_note(f"It is in {moved.after} from version {moved.version} on; {embedded}")
