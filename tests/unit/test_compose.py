"""compose.yaml: no default password, no open database, and a service that waits for it."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from service.config import Settings, variable

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
DATABASE: dict[str, Any] = COMPOSE["services"]["database"]
SERVICE: dict[str, Any] = COMPOSE["services"]["service"]
DOCKERFILE: str = SERVICE["build"]["dockerfile_inline"]


def test_the_database_asks_for_a_password_and_has_no_default():
    said = DATABASE["environment"]["POSTGRES_PASSWORD"]

    assert re.fullmatch(r"\$\{POSTGRES_PASSWORD:\?.+\}", said)
    assert "trust" not in TEXT


def test_the_database_is_reached_from_the_service_only():
    assert "ports" not in DATABASE
    assert "network_mode" not in DATABASE


def test_the_service_is_reached_from_this_machine_only():
    port = Settings.model_fields["port"].default

    assert SERVICE["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_data_outlives_the_container():
    assert DATABASE["volumes"] == ["database:/var/lib/postgresql"]
    assert "database" in COMPOSE["volumes"]


def test_the_service_starts_when_the_database_is_healthy():
    assert SERVICE["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert "pg_isready" in DATABASE["healthcheck"]["test"]
    assert "/readyz" in SERVICE["healthcheck"]["test"][-1]


def test_the_service_may_write_nothing_but_its_own_temporary_files():
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", DOCKERFILE, re.MULTILINE)
    assert SERVICE["environment"]["AGENT_RUNTIME_HOME"].startswith("/tmp/")  # noqa: S108 - a tmpfs


def test_the_service_is_given_only_settings_that_exist():
    known = {variable(field) for field in Settings.model_fields}

    assert SERVICE["environment"].keys() <= known


def test_the_image_is_built_from_pinned_packages_only():
    installs = re.findall(r"pip install (.*)", DOCKERFILE)

    assert len(installs) == 4
    assert [
        line for line in installs if "--require-hashes" not in line and "/wheels/" not in line
    ] == []
    assert "--no-build-isolation" in DOCKERFILE


def test_the_image_is_given_every_file_that_it_copies():
    sent = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    built = {*project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], "pyproject.toml"}

    assert built | {".requirements", project["project"]["readme"]} == sent


def test_nothing_in_the_image_s_recipe_is_taken_for_a_variable():
    assert "$" not in DOCKERFILE
