"""A service for each test of its client."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from eventlog.database import Database
from tests.serving import Api, serving


@pytest.fixture
def partitions() -> int:
    return 1


@pytest.fixture
async def api(database: Database, tmp_path: Path) -> AsyncIterator[Api]:
    """A service on a real port."""
    async with serving(database, tmp_path) as running:
        yield running
