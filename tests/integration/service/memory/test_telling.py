"""What is left of a question for an embedder, in a memory whose every line has a name in it."""

from collections.abc import AsyncIterator

import pytest

from eventlog.database import Database
from schema.ids import memory_stream
from service.memory.telling import WORDS_MAX, telling
from tests.memories import Process, process

LINES = 40


@pytest.fixture
async def talk(database: Database) -> AsyncIterator[Process]:
    async with process(database) as one:
        for n in range(LINES):
            await one.remember("a-1", f"{'Leila' if n % 2 else 'Hugo'}: line {n} of a talk")
        await one.remember("a-1", "Leila: I am terrified of geese.")
        yield one


async def left(one: Process, question: str, version: int | None = None) -> str:
    stream = memory_stream("a-1")
    head = await one.memory.level.reach(stream)
    partition = one.log.partition_of(stream)
    async with one.log.database.acquire() as conn:
        return await telling(conn, partition, stream, version or head, question)


async def test_a_name_that_many_lines_have_is_left_out(talk: Process):
    assert await left(talk, "What is Leila terrified of?") == "What is terrified of?"
    assert await left(talk, "What scares Leila's geese?") == "What scares geese?"


async def test_a_question_that_only_has_common_words_stays_whole(talk: Process):
    assert await left(talk, "What of Leila and Hugo?") == "What of Leila and Hugo?"


async def test_a_word_that_nobody_used_is_not_common(talk: Process):
    assert await left(talk, "Was Zanzibar Leila's?") == "Was Zanzibar"


async def test_few_entries_make_nothing_common(talk: Process):
    question = "What is Leila terrified of?"

    assert await left(talk, question, version=15) == question


async def test_what_was_common_then_is_left_out_whatever_came_later(talk: Process):
    before = await left(talk, "What is Leila terrified of?", version=LINES)
    for n in range(500):
        await talk.remember("a-1", f"entry {n}")

    assert await left(talk, "What is Leila terrified of?", version=LINES) == before
    assert await left(talk, "What is Leila terrified of?") == "What is Leila terrified of?"


@pytest.mark.parametrize(
    "question",
    ["", "  ", "the of and", "\0 nothing \ud800", "?!", "Leila " * (WORDS_MAX + 1)],
)
async def test_odd_questions_stay_as_they_are(talk: Process, question: str):
    assert await left(talk, question) == question


async def test_a_memory_that_holds_nothing_has_no_common_words(database: Database):
    async with process(database) as one:
        assert await left(one, "What is Leila terrified of?", version=1) == (
            "What is Leila terrified of?"
        )
