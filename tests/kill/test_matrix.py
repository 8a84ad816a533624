"""A sample of the kill matrix; `python -m tests.kill` runs all of it, and goes on by chance."""

import random
from collections.abc import AsyncIterator

import pytest

from service.agent.session import Status
from tests.conftest import TestServer
from tests.kill.matrix import Came, Matrix, open_matrix
from tests.kill.story import script

SAMPLE = 10


@pytest.fixture
async def matrix(postgres: TestServer) -> AsyncIterator[Matrix]:
    async with open_matrix(postgres) as opened:
        yield opened


@pytest.mark.timeout(300)
@pytest.mark.parametrize("provider", ["scripted", "openai"])
async def test_wherever_a_process_is_killed_nothing_is_lost_and_nothing_happens_twice(
    postgres: TestServer, matrix: Matrix, provider: str
):
    model = f"scripted:{script(postgres.folder)}" if provider == "scripted" else "openai:story"
    came: list[Came] = []
    await matrix.measure(model)
    chance = random.Random(7)  # noqa: S311 - the same each time.
    sample = chance.sample(matrix.cases(model), SAMPLE)
    sample += [matrix.in_doubt(model), matrix.chances(model, chance)]
    await matrix.run(sample, came.append)

    assert [(one.case, one.faults) for one in came if one.faults] == []
    assert {one.end for one in came} <= {Status.COMPLETED, "never began"}
    assert sum(one.reconciled for one in came) > 0
    assert sum(one.kills for one in came) >= len(sample)
