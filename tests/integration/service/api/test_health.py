"""Readiness is asked by whoever comes along: it costs a lent connection, and never the owner's."""

from pathlib import Path

import pytest

from eventlog.database import Database, Dedicated
from service.api.health import problem_of
from service.config import Settings
from service.runtime import open_runtime


async def test_readiness_is_told_over_the_pool_alone(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = Settings(database_url=database.address.options["dsn"], home=tmp_path)
    async with open_runtime(settings, ()) as runtime:

        async def refused(*_: object, **__: object) -> Dedicated:
            raise AssertionError("a connection of one's own was opened")

        monkeypatch.setattr(Database, "connect_as_owner", refused)
        monkeypatch.setattr(Database, "connect", refused)

        assert await problem_of(runtime) is None
