"""Readiness is asked by whoever comes along: it costs a lent connection, and never the owner's."""

import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from eventlog.database import Database, Dedicated
from service.api.health import RUNTIME, tell_ready
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
        app = web.Application()
        app[RUNTIME] = runtime
        answer = await tell_ready(make_mocked_request("GET", "/readyz", app=app))

    assert isinstance(answer, web.Response)
    assert json.loads(answer.text or "") == {"status": "ready"}
