"""`serve`: health over HTTP, read models kept level, a server that others join, a clean stop."""

import signal
import time
from pathlib import Path

import httpx

from tests.command_line import CALCULATION, CommandLine, next_line, script


def test_the_service_is_healthy_keeps_read_models_level_and_stops_cleanly(tmp_path: Path):
    cli = CommandLine({"AGENT_RUNTIME_HOME": str(tmp_path / "new"), "AGENT_RUNTIME_PORT": "0"})
    with cli.started("serve", "--json") as service:
        address = next_line(service.stdout)["listening"]
        for route in ("/healthz", "/readyz", "/metrics"):
            assert httpx.get(f"{address}{route}", trust_env=False, timeout=30).status_code == 200

        model = script(tmp_path, "model", CALCULATION)
        run = cli("run", "hi", "--model", model, "--tools", "calculator", "--json")
        assert cli("sessions", "--json").lines[0]["id"] == run.lines[-1]["id"]
        level(cli)

        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=60) == 0

    assert not (tmp_path / "new/postgres/data/postmaster.pid").exists()


def test_a_port_that_is_taken_is_named(cli: CommandLine, home: Path):
    free = CommandLine({"AGENT_RUNTIME_HOME": str(home), "AGENT_RUNTIME_PORT": "0"})
    with free.started("serve", "--json") as service:
        port = next_line(service.stdout)["listening"].rpartition(":")[2]
        taken = CommandLine({"AGENT_RUNTIME_HOME": str(home), "AGENT_RUNTIME_PORT": port})

        done = taken("serve")

    assert done.code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.err


def level(cli: CommandLine) -> None:
    """Return when no read model is behind the log: the service follows it, nobody waits for it."""
    began_s = time.monotonic()
    while any(row["lag"] for row in cli("projections", "--json").lines):
        assert time.monotonic() < began_s + 30
