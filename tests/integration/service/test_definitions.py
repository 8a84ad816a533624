"""What agents are defined as, and how soon it counts."""

import pytest

from eventlog.bell import BellSettings
from eventlog.database import Database
from eventlog.log import open_log
from schema.errors import Invalid, NotFound
from schema.messages.agents import DefineAgent
from schema.messages.checked import checked
from service.definitions import Definitions, define, definition_at, definition_of, list_agents
from tests.memories import ANA, process


def of_capacity(capacity: int) -> DefineAgent:
    return checked(DefineAgent, {"model": "fake:x", "memory": {"capacity": capacity}})


async def test_each_definition_is_a_version_and_the_same_again_is_none(database: Database):
    async with open_log(database, BellSettings()) as log:
        assert await definition_of(log, "a-1") is None
        one = await define(log, "a-1", of_capacity(1), actor="test")
        two = await define(log, "a-1", of_capacity(2), actor="test")
        again = await define(log, "a-1", of_capacity(2), actor="test")
        assert (one.version, two.version, again.version) == (1, 2, 2)
        assert await definition_of(log, "a-1") == two
        assert await definition_at(log, "a-1", 1) == one
        for version in (0, 3, None):
            with pytest.raises(NotFound):
                await definition_at(log, "a-1" if version is not None else "a-2", version)
        with pytest.raises(Invalid, match="agent"):
            await define(log, "A", of_capacity(1), actor="test")

        (known,) = await list_agents(log, 10)
        assert (known.agent_id, known.definitions, known.sessions) == ("a-1", 2, 0)


async def test_what_another_process_defines_counts_within_a_second(database: Database):
    time_s = 0.0
    async with open_log(database, BellSettings()) as log:
        definitions = Definitions(log, lambda: time_s)
        assert (await definitions.policy_of("a-1")).capacity is None
        await define(log, "a-1", of_capacity(7), actor="another")
        assert (await definitions.policy_of("a-1")).capacity is None
        time_s = 1.0
        assert (await definitions.policy_of("a-1")).capacity == 7

        await define(log, "a-1", of_capacity(8), actor="here")
        definitions.forget("a-1")
        assert (await definitions.policy_of("a-1")).capacity == 8


async def test_agents_are_listed_with_what_they_hold_not_with_what_was_ever_recorded(
    database: Database,
):
    async with process(database) as one:
        wrong = await one.remember("a-1", "wrong")
        await one.remember("a-1", "right")
        for value in ("red", "blue"):
            await one.store("a-1", "colour", value)
        await one.memory.forget("a-1", wrong, ANA)
        await define(one.log, "a-2", of_capacity(1), actor="test")
        await one.remember("a-3", "theirs")
        for agent_id in ("a-1", "a-3"):
            await one.memory.look(agent_id, None, 1)

        known = await list_agents(one.log, 10)

    assert [(k.agent_id, k.definitions, k.memories) for k in known] == [
        ("a-1", 0, 2),
        ("a-2", 1, 0),
        ("a-3", 0, 1),
    ]
