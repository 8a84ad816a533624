"""What an agent remembers, as a person reads it and as a machine does."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.text import Text

from schema.events import RecalledItem, WorkingEntry
from service.cli.console import age, clock, counted, one_line, out, plain, print_heading
from service.cli.output import print_json, print_note
from service.cli.table import Column, print_table
from service.memory.asking import Answer
from service.memory.looking import Difference, Episode, Fact
from service.memory.reading import Changes, Seen
from service.mind.writing import Written

SHORT: Final = 8
"""Characters at an id's end that people are shown: those at its start are the time's."""

EPISODES: Final = (
    Column("episode"),
    *(Column(name, right=True) for name in ("version", "importance", "recalled")),
    Column("happened"),
    Column("tags", width_max=24),
    Column("content", rest=True),
)
FACTS: Final = (
    Column("key", width_max=32),
    Column("version", right=True),
    Column("recalled", right=True),
    Column("tags", width_max=24),
    Column("value", rest=True),
)
WORKING: Final = (Column("key", width_max=32), Column("value", rest=True))

SIGNS: Final = {"added": "+", "gone": "-", "changed": "~", "pinned": "!", "unpinned": "!"}
COLOURS: Final = {"added": "green", "gone": "red", "changed": "yellow"}


def print_memory(agent_id: str, seen: Seen, *, as_json: bool) -> None:
    """All that was held."""
    if as_json:
        print_json({"agent": agent_id, **_plain(seen)})
        return
    console = out()
    if not (seen.episodes or seen.facts or seen.working or seen.notes):
        where = "yet" if seen.version == seen.head else f"at version {seen.version}"
        print_note(f"{agent_id} remembers nothing {where}.")
        return
    console.print(plain(f"memory of {agent_id} at version {seen.version} of {seen.head}", "bold"))
    _print_episodes(console, seen)
    if seen.facts:
        print_heading(console, counted(seen.counts.facts, "fact"))
        print_table(console, FACTS, [_fact(fact, seen.at) for fact in seen.facts])
        _print_rest(console, seen.counts.facts - len(seen.facts))
    _print_working(console, "working memory, shared by its sessions", seen.working)
    _print_working(console, "working memory of that session alone", seen.notes)


def print_differences(agent_id: str, changes: Changes, *, as_json: bool) -> None:
    """What was added, what went and why, and what changed."""
    if as_json:
        for change in changes.differences:
            print_json(_plain(change))
        return
    if not changes.differences:
        print_note(
            f"{agent_id} remembers the same at versions {changes.since} and {changes.version}."
        )
        return
    console = out()
    title = f"memory of {agent_id} from version {changes.since} to {changes.version}"
    console.print(plain(title, "bold"))
    for change in changes.differences:
        _print_difference(console, change)


def print_found(answer: Answer, *, as_json: bool) -> None:
    """What was found, the best first, each score with what it is made of."""
    if as_json:
        print_json(_plain(answer))
        return
    console = out()
    if answer.items:
        names = tuple(dict.fromkeys(name for item in answer.items for name in item.parts))
        print_table(console, _columns(names), [_found(item, names) for item in answer.items])
    else:
        print_note("Nothing is found.")
    print_note(f"at version {answer.place.version}, {clock(answer.place.at)}{_how(answer)}")


def _how(answer: Answer) -> str:
    """What a query was compared with, if there was one."""
    if answer.space:
        return f", by words and in {answer.space}"
    if answer.without_vectors:
        return f", by words alone ({answer.without_vectors})"
    return ""


def _columns(parts: Sequence[str]) -> Sequence[Column]:
    numbers = (Column(name, right=True) for name in ("score", *parts))
    return (Column("memory"), *numbers, Column("content", rest=True))


def _found(item: RecalledItem, parts: Sequence[str]) -> Sequence[Text]:
    numbers = (_number(item.parts.get(name)) for name in parts)
    return (
        plain(item.id[-SHORT:]),
        plain(_number(item.score).plain, "bold"),
        *numbers,
        one_line(item.content),
    )


def _number(part: float | None) -> Text:
    return plain("–" if part is None else f"{part:.3f}", "dim")


def print_written(written: Written, *, as_json: bool) -> None:
    """Where a change went."""
    if as_json:
        print_json(_plain(written))
        return
    gone = f"; {counted(len(written.evicted), 'episode')} had to go" if written.evicted else ""
    print_note(f"{str(written.id)[-SHORT:]} is version {written.version} of the memory{gone}.")


def _print_episodes(console: Console, seen: Seen) -> None:
    if not seen.episodes:
        return
    print_heading(console, counted(seen.counts.episodes, "episode"))
    print_table(console, EPISODES, [_episode(episode, seen.at) for episode in seen.episodes])
    _print_rest(console, seen.counts.episodes - len(seen.episodes))


def _print_working(console: Console, title: str, entries: Sequence[WorkingEntry]) -> None:
    if entries:
        print_heading(console, title)
        rows = [(plain(entry.key), _text(entry.value)) for entry in entries]
        print_table(console, WORKING, rows)


def _print_rest(console: Console, left: int) -> None:
    if left > 0:
        console.print(plain(f"and {left} more: see --limit", "dim"))


def _episode(episode: Episode, at: datetime) -> Sequence[Text]:
    pinned = "pinned " if episode.pinned else ""
    return (
        plain(str(episode.id)[-SHORT:]),
        plain(str(episode.entry)),
        plain(f"{pinned}{episode.importance:.2f}"),
        plain(str(episode.recall_count or "–")),
        plain(age(episode.timestamp)),
        plain(", ".join(episode.tags)),
        _lasting(episode.content, episode.expires_at, at),
    )


def _fact(fact: Fact, at: datetime) -> Sequence[Text]:
    return (
        plain(fact.key),
        plain(str(fact.entry)),
        plain(str(fact.recall_count or "–")),
        plain(", ".join(fact.tags)),
        _lasting(fact.value, fact.expires_at, at),
    )


def _lasting(text: str, expires_at: datetime | None, at: datetime) -> Text:
    """*text*, marked where it had expired *at* that moment: it was held, and recalled no more."""
    if expires_at is None or expires_at > at:
        return _text(text)
    return Text("(expired) ", style="dim").append_text(_text(text))


def _text(text: str) -> Text:
    return one_line(text) if text else Text("(empty)", style="dim")


def _print_difference(console: Console, change: Difference) -> None:
    colour = COLOURS.get(change.what, "")
    name = change.name[-SHORT:] if change.kind == "episode" else change.name
    why = f" ({change.why})" if change.why else ""
    head = f"{SIGNS[change.what]} {change.kind:<8} {name}{why if change.what == 'gone' else ''}"
    texts = (
        [change.before, change.after]
        if change.what == "changed"
        else [change.after or change.before]
    )
    said = Text(" → ").join(one_line(text) for text in texts)
    if change.what in {"pinned", "unpinned"}:
        head += f" is {change.what}"
    console.print(plain(head, colour), said)


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
