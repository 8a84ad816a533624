"""A service for each test of the API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from eventlog.database import Database
from tests.serving import Api, serving


@pytest.fixture
async def api(database: Database, tmp_path: Path) -> AsyncIterator[Api]:
    """A service on a real port."""
    async with serving(database, tmp_path) as running:
        yield running
