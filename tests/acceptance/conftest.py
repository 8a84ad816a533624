"""A home of our own for the commands under test, with its server kept running between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventlog.embedded import running_server
from tests.command_line import CALCULATION, NATIVE_CALCULATION, CommandLine, script


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Every command joins its server, as a second process does."""
    folder = tmp_path_factory.mktemp("home")
    with running_server(folder):
        yield folder


@pytest.fixture(scope="session")
def cli(home: Path) -> CommandLine:
    return CommandLine({"AGENT_RUNTIME_HOME": str(home)})


@pytest.fixture(params=["text", "native"])
def calculation(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A scripted model that calculates, in either protocol."""
    turns = CALCULATION if request.param == "text" else NATIVE_CALCULATION
    return script(tmp_path, request.param, turns)


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A scripted model that calculates, for tests that the protocol does not matter to."""
    return script(tmp_path, "model", CALCULATION)
