"""Puts what one graph holds into another, in as many appends as it takes."""

import math
from collections.abc import Callable
from typing import Any, Final

import msgspec

from schema.errors import Invalid, Unavailable
from schema.events.graph import EntityPut, RelationshipPut
from schema.ids import checked_agent_id
from service.graph.answers import Merged
from service.graph.puts import PUTS_MAX, Put, in_appends
from service.graph.reading import Reader
from service.graph.worker.frames import unpacked
from service.graph.worker.words import Compare
from service.graph.worker.worker import Worker
from service.graph.writing import Editor
from service.mind.writing import Author

COMPARED_MAX: Final = 20 * PUTS_MAX
"""Events for which the graphs are compared once."""
ROUNDS_IN_VAIN_MAX: Final = 5
"""After so many comparisons in a row that found no less to do than any before, we give up."""
COMPARE_TIMEOUT_S: Final = 300.0
"""Two of the largest graphs may have to be loaded first."""

KINDS: Final[dict[str, type[Put]]] = {
    EntityPut.type: EntityPut,
    RelationshipPut.type: RelationshipPut,
}


class Merger:
    """Merges the graphs of agents."""

    def __init__(self, reader: Reader, editor: Editor, worker: Worker) -> None:
        self._reader = reader
        self._editor = editor
        self._worker = worker

    async def merge(
        self,
        agent_id: str,
        other_agent_id: str,
        author: Author,
        on_progress: Callable[[int, int], None],
        *,
        as_of: int | str | None,
    ) -> Merged:
        """See `Graphs.merge`."""
        if checked_agent_id(agent_id) == checked_agent_id(other_agent_id):
            raise Invalid("other", f"is {agent_id} itself: name another agent")
        other = await self._reader.place(other_agent_id, as_of)
        done, left, rounds_in_vain = 0, math.inf, 0
        while rounds_in_vain < ROUNDS_IN_VAIN_MAX:
            own = await self._reader.place(agent_id)
            asked = Compare(own=own, other=other, limit=COMPARED_MAX)
            answered = await self._worker.ask(asked, timeout_s=COMPARE_TIMEOUT_S)
            found = unpacked(answered.body)
            if not found["left"]:
                return Merged(events=done, version=answered.version)
            rounds_in_vain = 0 if found["left"] < left else rounds_in_vain + 1
            left = min(left, found["left"])
            whole = done + found["left"]
            for puts in in_appends(map(_put, found["events"]), lambda put: put):
                await self._editor.put_all(agent_id, puts, Author(actor=author.actor))
                done += len(puts)
                on_progress(done, whole)
        raise Unavailable(
            f"others take out of the graph of {agent_id} what is put there: try again", 1.0
        )


def _put(said: dict[str, Any]) -> Put:
    return msgspec.convert(said["data"], KINDS[said["type"]])
