"""The whole kill matrix: `python -m tests.kill [KILLS]`; exit 1 where anything went wrong."""

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from eventlog.embedded import running_server
from tests.conftest import FORGETFUL, TestServer
from tests.kill.matrix import Came, Matrix, open_matrix
from tests.kill.story import script
from tests.kill.table import table

KILLS = 1000


async def main(kills: int) -> bool:
    """Kill every version of a session at every moment of its append, then by chance."""
    with tempfile.TemporaryDirectory(prefix="agent-runtime-kills-", dir=None) as name:
        folder = Path(name)
        with running_server(folder, FORGETFUL) as server:
            postgres = TestServer(server, folder)
            await postgres.make_templates()
            async with open_matrix(postgres) as matrix:
                began_s = time.perf_counter()
                came = await play(matrix, f"scripted:{script(folder)}", kills)
                print(table(came, time.perf_counter() - began_s))  # noqa: T201
    return not any(one.faults for one in came)


async def play(matrix: Matrix, scripted: str, kills: int) -> list[Came]:
    """Every boundary for both providers, and cases by chance until there are *kills*."""
    came: list[Came] = []
    chance = random.Random(kills)  # noqa: S311 - the same each time.
    for model in (scripted, "openai:story"):
        await matrix.measure(model)
        await matrix.run(matrix.cases(model), came.append)
    while sum(one.kills for one in came) < kills:
        models = (scripted, "openai:story") * 10
        await matrix.run([matrix.chances(model, chance) for model in models], came.append)
    return came


if __name__ == "__main__":
    sys.exit(not asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else KILLS)))
