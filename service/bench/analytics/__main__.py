"""`python -m service.bench.analytics [EVENTS]`: fill the empty log of the settings with a life."""

import asyncio
import sys

from schema.errors import AgentRuntimeError
from service.bench.analytics.ground import EVENTS, make_life
from service.config import read_settings
from service.store import open_store


def main() -> int:
    """The exit code."""
    try:
        asyncio.run(_fill(int(sys.argv[1]) if sys.argv[1:] else EVENTS))
    except AgentRuntimeError as error:
        print(error, file=sys.stderr)  # noqa: T201 - for who called it.
        return 1
    return 0


async def _fill(count: int) -> None:
    async with open_store(read_settings()) as log:
        await make_life(log.database, count, lambda line: print(line, flush=True))  # noqa: T201 - as above.


if __name__ == "__main__":
    sys.exit(main())
