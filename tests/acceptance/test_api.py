"""The service as users meet it: a key from the command line, a session over HTTP, a clean stop."""

import signal
from pathlib import Path

import httpx

from tests.command_line import CALCULATION, CommandLine, next_line, script


def test_a_key_opens_the_service_and_a_session_runs_to_its_answer(tmp_path: Path):
    home = tmp_path / "new"  # Where there is a key, everybody needs one: not the others' home.
    cli = CommandLine({"AGENT_RUNTIME_HOME": str(home), "AGENT_RUNTIME_PORT": "0"})
    made = cli("keys", "create", "test", "--scope", "admin", "--json").lines[0]
    said = {
        "agent": "served",
        "prompt": "What is 17*23?",
        "model": script(tmp_path, "served", CALCULATION),
        "tools": ["calculator"],
    }
    with (
        cli.started("serve", "--json") as service,
        cli.started("log", "--follow", "--json") as log,
    ):
        address = next_line(service.stdout)["listening"]
        with httpx.Client(base_url=address, trust_env=False) as client:
            assert client.get("/v1/agents").status_code == 401
            client.headers["Authorization"] = f"Bearer {made['key']}"

            started = client.post("/v1/sessions", json=said)
            assert started.status_code == 201
            while next_line(log.stdout)["type"] != "session_completed":
                continue
            ended = client.get(started.headers["Location"]).json()
            assert (ended["status"], ended["answer"]) == ("completed", "391")
            assert client.post(f"{started.headers['Location']}/verify").json()["verified"]

        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=60) == 0

    shown = cli("show", ended["id"], "--json")
    assert shown.code == 0
    listed = cli("keys", "list", "--json")
    assert made["key"] not in listed.out
    assert made["id"] in [key["id"] for key in listed.lines]
    assert cli("keys", "revoke", made["id"]).code == 0


def test_beyond_this_machine_nothing_is_served_without_a_key(tmp_path: Path):
    home = tmp_path / "new"
    cli = CommandLine({"AGENT_RUNTIME_HOME": str(home), "AGENT_RUNTIME_PORT": "0"})
    done = cli("serve", "--host", "0.0.0.0")  # noqa: S104 - it must be refused.
    assert done.code == 1
    assert "keys create" in done.err


def test_wrong_scopes_and_unknown_keys_are_told_by_exit_codes(cli: CommandLine):
    wrong = cli("keys", "create", "x", "--scope", "everything")
    assert (wrong.code, "sessions:read" in wrong.err) == (2, True)
    when = cli("keys", "create", "x", "--scope", "admin", "--expires", "tomorrow")
    assert when.code == 2
    assert cli("keys", "revoke", "nothing").code == 3
