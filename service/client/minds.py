"""What a client asks of agents' minds: their memory and their graph; and how lists are taken."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from schema.messages import answers
from schema.messages.answers import ListOf
from schema.messages.graph import PutEntity, PutRelationship
from schema.messages.memory import RememberEpisode, SearchMemory, StoreFact
from service.client.requests import Requests, read

PAGE: Final = 200

I = TypeVar("I", bound=BaseModel)  # noqa: E741 - an item.


class Minds:
    """The minds of the agents of one service."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    # --------------------------------------------------------------------------------- memory ---

    def episodes(
        self, agent: str, as_of: str | None = None
    ) -> AsyncGenerator[answers.EpisodeAnswer, None]:
        """What it remembers, the newest first; all parts are of one version."""
        path = f"{_memory(agent)}/episodes"
        return self._listed(answers.Listed[answers.EpisodeAnswer], path, {"as_of": as_of})

    def facts(
        self, agent: str, as_of: str | None = None
    ) -> AsyncGenerator[answers.FactAnswer, None]:
        """What it keeps under keys."""
        path = f"{_memory(agent)}/facts"
        return self._listed(answers.Listed[answers.FactAnswer], path, {"as_of": as_of})

    async def notes(
        self, agent: str, as_of: str | None = None
    ) -> answers.Listed[answers.NoteAnswer]:
        """The working memory that its sessions share."""
        return await self._requests.get(
            answers.Listed[answers.NoteAnswer], f"{_memory(agent)}/working", as_of=as_of
        )

    async def search(self, agent: str, command: SearchMemory) -> answers.FoundAnswer:
        """What is found, the best first; it counts as no recall."""
        return await self._requests.post(answers.FoundAnswer, f"{_memory(agent)}/search", command)

    async def remember(
        self, agent: str, command: RememberEpisode
    ) -> answers.WrittenItemAnswer[answers.EpisodeAnswer]:
        """Remember what happened."""
        return await self._requests.post(
            answers.WrittenItemAnswer[answers.EpisodeAnswer],
            f"{_memory(agent)}/episodes",
            command,
        )

    async def store_fact(
        self, agent: str, command: StoreFact
    ) -> answers.WrittenItemAnswer[answers.FactAnswer]:
        """Keep a value under a key."""
        return await self._requests.post(
            answers.WrittenItemAnswer[answers.FactAnswer], f"{_memory(agent)}/facts", command
        )

    async def remove_fact(self, agent: str, key: str, reason: str = "") -> answers.WrittenAnswer:
        """Leave a key without a value."""
        return await self._remove(f"{_memory(agent)}/facts/{quote(key, safe='')}", reason=reason)

    async def forget(self, agent: str, episode: str, reason: str = "") -> answers.WrittenAnswer:
        """Forget an episode."""
        return await self._remove(f"{_memory(agent)}/episodes/{episode}", reason=reason)

    async def pin(self, agent: str, episode: str, *, pinned: bool) -> answers.WrittenAnswer:
        """Say whether an episode may be evicted."""
        path = f"{_memory(agent)}/episodes/{episode}"
        said = await self._requests.send("PUT", path, body={"pinned": pinned})
        return read(answers.WrittenAnswer, said)

    # ---------------------------------------------------------------------------------- graph ---

    def entities(
        self, agent: str, as_of: str | None = None, labels: Sequence[str] = ()
    ) -> AsyncGenerator[answers.EntityAnswer, None]:
        """Every entity, or those with these *labels*, in the order of their ids."""
        query = {"as_of": as_of, "labels": tuple(labels)}
        path = f"{_graph(agent)}/entities"
        return self._listed(answers.Listed[answers.EntityAnswer], path, query)

    def relationships(
        self, agent: str, as_of: str | None = None, kinds: Sequence[str] = ()
    ) -> AsyncGenerator[answers.RelationshipAnswer, None]:
        """Every relationship, or those of these *kinds*."""
        query = {"as_of": as_of, "kinds": tuple(kinds)}
        path = f"{_graph(agent)}/relationships"
        return self._listed(answers.Listed[answers.RelationshipAnswer], path, query)

    async def entity(
        self, agent: str, entity: str, as_of: str | None = None
    ) -> answers.KnownAnswer:
        """An entity, and what it relates to."""
        path = f"{_graph(agent)}/entities/{quote(entity, safe='')}"
        return await self._requests.get(answers.KnownAnswer, path, as_of=as_of)

    async def ask_graph(self, agent: str, query: Mapping[str, Any]) -> answers.GraphAnswer:
        """What the graph has to say to a query: `{"op": "shortest_path", "from": …, "to": …}`."""
        return await self._requests.post(answers.GraphAnswer, f"{_graph(agent)}/query", query)

    async def put_entity(
        self, agent: str, command: PutEntity, *, add: bool = False
    ) -> answers.WrittenAnswer:
        """Say what an entity is from here on; *add*: `AlreadyThere` where there is one."""
        path = f"{_graph(agent)}/entities"
        if add:
            return await self._requests.post(answers.WrittenAnswer, path, command)
        said = {"label": command.label, "properties": command.properties}
        path = f"{path}/{quote(command.id, safe='')}"
        return read(answers.WrittenAnswer, await self._requests.send("PUT", path, body=said))

    async def put_relationship(
        self, agent: str, command: PutRelationship, *, add: bool = False
    ) -> answers.WrittenAnswer:
        """Relate two entities; *add*: `AlreadyThere` where they are."""
        path = f"{_graph(agent)}/relationships"
        if add:
            return await self._requests.post(answers.WrittenAnswer, path, command)
        return read(answers.WrittenAnswer, await self._requests.send("PUT", path, body=command))

    async def remove_entity(
        self, agent: str, entity: str, reason: str = ""
    ) -> answers.WrittenAnswer:
        """Remove an entity with its relationships."""
        path = f"{_graph(agent)}/entities/{quote(entity, safe='')}"
        return await self._remove(path, reason=reason)

    async def remove_relationship(
        self, agent: str, source: str, kind: str, target: str, reason: str = ""
    ) -> answers.WrittenAnswer:
        """Remove one relationship."""
        return await self._remove(
            f"{_graph(agent)}/relationships",
            **{"from": source, "to": target, "kind": kind, "reason": reason},
        )

    async def _remove(self, path: str, **query: str) -> answers.WrittenAnswer:
        said = await self._requests.send(
            "DELETE", path, query={k: v for k, v in query.items() if v}
        )
        return read(answers.WrittenAnswer, said)

    async def _listed(
        self,
        kind: type[ListOf[I]],
        path: str,
        query: Mapping[str, Any],
        *,
        paged: bool = True,
    ) -> AsyncGenerator[I, None]:
        """The items of a list, part by part as they are taken."""
        limits = {"limit": PAGE} if paged else {}
        cursor: str | None = None
        while True:
            part = await self._requests.get(kind, path, **query, **limits, cursor=cursor)
            for item in part.data:
                yield item
            cursor = part.next_cursor
            if cursor is None:
                return


def _memory(agent: str) -> str:
    return f"/v1/agents/{quote(agent)}/memory"


def _graph(agent: str) -> str:
    return f"/v1/agents/{quote(agent)}/graph"
