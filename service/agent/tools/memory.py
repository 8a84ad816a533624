"""An agent's own tools for its memory: `remember`, `recall`, `forget` and `note`."""

from typing import Annotated, Any, Final

from pydantic import Field

from schema.errors import Invalid, NotFound
from schema.events import (
    Effect,
    EpisodeForgotten,
    Event,
    FactRemoved,
    RecalledItem,
    ToolExample,
    WorkingEvicted,
)
from schema.ids import uuid7
from schema.messages.checked import checked
from schema.messages.memory import NoteWorking, RememberEpisode
from service.agent.tools.tool import Tool, tool
from service.memory import working
from service.memory.mind import Change, Mind
from service.memory.recalling import counted, fitting
from service.memory.remembering import remembered
from service.memory.working import Working

RECALLED_MAX: Final = 20
"""Memories that one call may give: more of them than a model reads."""

Tags = Annotated[tuple[str, ...], "words to find it by, or to look among"]


@tool(
    effect=Effect.TRANSACTIONAL,
    examples=(
        ToolExample(
            task="Remember that Ana's birthday is on 3 May.",
            arguments={"content": "Ana's birthday is on 3 May.", "tags": ["ana"]},
            result={"id": "0198c0de-7a4e-7f3a-8000-3b1c5d9e2f40"},
        ),
    ),
)
async def remember(
    mind: Mind,
    content: Annotated[str, "what to remember, understandable by itself"],
    importance: Annotated[float, "from 0 to 1"] = 0.5,
    tags: Tags = (),
) -> Change:
    """Remember something in later sessions, too."""
    said = {"content": content, "importance": importance, "tags": tags, "session": mind.session}
    episode = checked(RememberEpisode, said).as_event(mind.at, mind.call_id)
    facts, expected = await remembered(mind.holdings, mind.policy, episode, mind.at)
    ids = tuple(uuid7() for _ in facts)
    return Change(data={"id": str(ids[-1])}, memory=facts, ids=ids, expected=expected)


@tool(
    effect=Effect.TRANSACTIONAL,
    examples=(
        ToolExample(
            task="When is Ana's birthday?",
            arguments={"query": "Ana's birthday"},
            result=[
                {
                    "id": "0198c0de-7a4e-7f3a-8000-3b1c5d9e2f40",
                    "content": "Ana's birthday is on 3 May.",
                    "date": "2026-03-29",
                }
            ],
        ),
    ),
)
async def recall(
    mind: Mind,
    query: Annotated[str, "what to look for", Field(min_length=1, max_length=2048)],
    limit: Annotated[int, "how many memories at most", Field(ge=1, le=RECALLED_MAX)] = 3,
    tags: Tags = (),
) -> Change:
    """Look for what was remembered, in this session or before; the best comes first."""
    recalled = fitting(await mind.recall(query, limit, tags))
    told = [_told(item) for item in recalled.items]
    return Change(data=told, session=(recalled,), memory=counted(recalled))


def _told(item: RecalledItem) -> dict[str, Any]:
    tags = {"tags": list(item.tags)} if item.tags else {}
    date = item.timestamp.date().isoformat()
    return {"id": item.id, "content": item.content, "date": date, **tags}


@tool(effect=Effect.TRANSACTIONAL)
async def forget(
    mind: Mind,
    id: Annotated[str, "as recall gives it"],  # noqa: A002 - the word that the model was given.
    reason: Annotated[str, "why", Field(max_length=1000)] = "",
) -> Change:
    """Forget something for good: it will not be recalled again."""
    held = await mind.holdings()
    fact: Event
    if id in held.episodes:
        fact = EpisodeForgotten(id=id, reason=reason)
    elif (key := next((key for key, of in held.facts.items() if of == id), None)) is not None:
        fact = FactRemoved(key=key, reason=reason)
    else:
        raise NotFound(f"there is no memory {id!r}: take the id that recall gives")
    return Change(data={"forgotten": id}, memory=(fact,))


@tool(
    effect=Effect.TRANSACTIONAL,
    examples=(
        ToolExample(
            task="Note that the plan is to ask Bob first.",
            arguments={"key": "plan", "value": "ask Bob first"},
            result={"key": "plan", "value": "ask Bob first"},
        ),
    ),
)
async def note(
    mind: Mind,
    key: Annotated[str, "the entry's name"],
    value: Annotated[str | None, "what to write; left out, the entry is read"] = None,
    remove: Annotated[bool, "whether to remove the entry"] = False,  # noqa: FBT002 - by name only.
) -> Change:
    """Keep a short note in working memory, read one, or remove one."""
    held = await mind.holdings() if mind.policy.working_shared else None
    before = mind.working if held is None else held.working
    facts = _noted(before, mind.policy.working_capacity, key, value or None, remove=remove)
    after = before
    for fact in facts:
        after = working.evolve(after, fact)
    data = {"key": key, "value": after.get(key), **_gone(facts)}
    if held is None:
        return Change(data=data, session=facts)
    return Change(data=data, memory=facts, expected=held.version)


def _noted(
    before: Working, capacity: int, key: str, value: str | None, *, remove: bool
) -> tuple[Event, ...]:
    if not key.strip():
        raise Invalid("key", "is empty: give the entry a name")
    if remove and value is not None:
        raise Invalid("remove", "an entry is written or removed, not both")
    if remove:
        return working.remove(before, key)
    if value is None:
        return working.read(before, key)
    written = checked(NoteWorking, {"key": key, "value": value})
    return working.note(before, written.key, written.value, capacity)


def _gone(facts: tuple[Event, ...]) -> dict[str, Any]:
    """What had to go for the new entry: a model that thinks it is still there would be misled."""
    gone = [fact.key for fact in facts if isinstance(fact, WorkingEvicted)]
    return {"evicted": gone} if gone else {}


def memory_tools() -> tuple[Tool, ...]:
    """All four; only sessions that remember may use them."""
    return (remember, recall, forget, note)
