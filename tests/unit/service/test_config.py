"""Settings: read from the environment, refused by name, never shown."""

import os
import traceback
from pathlib import Path

import pytest
from pydantic import ValidationError

from schema.errors import Invalid
from service.config import Settings, read_settings, variable

PLANTED = "sk-planted-0123456789"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {variable(field) for field in Settings.model_fields}
    for name in os.environ:
        if name.startswith("AGENT_RUNTIME_") or name in known:
            monkeypatch.delenv(name)


def refusal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Invalid:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Invalid) as refused:
        read_settings()
    return refused.value


def test_without_variables_the_service_listens_on_loopback_with_an_embedded_database():
    settings = read_settings()

    assert settings.database_url is None
    assert (settings.host, settings.port, settings.partitions) == ("127.0.0.1", 8400, 1)
    assert settings.home == Path.home() / ".agent-runtime"


def test_every_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AGENT_RUNTIME_DATABASE_URL", "postgresql://u:p@h/d")
    monkeypatch.setenv("AGENT_RUNTIME_PORT", "0")
    monkeypatch.setenv("AGENT_RUNTIME_LOG_FORMAT", "json")
    monkeypatch.setenv("OPENAI_API_KEY", PLANTED)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1/")

    settings = read_settings()

    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://u:p@h/d"
    assert (settings.port, settings.log_format) == (0, "json")
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == PLANTED
    assert settings.openai_base_url == "http://127.0.0.1:9/v1"


def test_settings_can_be_made_in_python_by_their_own_names():
    assert Settings(openai_base_url="https://host/v1/", port=1).openai_base_url == "https://host/v1"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AGENT_RUNTIME_DATABASE_URL", "")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")

    settings = read_settings()

    assert settings.database_url is None
    assert settings.anthropic_api_key is None


def test_settings_do_not_change_once_read():
    with pytest.raises(ValidationError):
        read_settings().port = 1


@pytest.mark.parametrize(
    ("given", "absolute"),
    [("~/x", Path.home() / "x"), ("x", Path.cwd() / "x"), ("/x", Path("/x").absolute())],
)
def test_home_is_expanded_and_absolute(monkeypatch: pytest.MonkeyPatch, given: str, absolute: Path):
    monkeypatch.setenv("AGENT_RUNTIME_HOME", given)

    assert read_settings().home == absolute


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("AGENT_RUNTIME_PORT", "65536", "65535"),
        ("AGENT_RUNTIME_PORT", "http", "integer"),
        ("AGENT_RUNTIME_PARTITIONS", "0", "greater than or equal to 1"),
        ("AGENT_RUNTIME_PARTITIONS", "4097", "4096"),
        ("AGENT_RUNTIME_LEASE_S", "nan", "3600"),
        ("AGENT_RUNTIME_LOG_LEVEL", "loud", "'warning'"),
        ("AGENT_RUNTIME_HOME", "~nobody-has-this-name/x", "absolute path"),
        ("AGENT_RUNTIME_EMBEDDER", "openai", "openai:<model>"),
        ("AGENT_RUNTIME_EMBEDDER", "openai:m@0", "openai:<model>@768"),
        ("AGENT_RUNTIME_EMBEDDER", "ofline", "offline, hashing, none"),
        ("OPENAI_BASE_URL", "ftp://host", "https://"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, wanted: str
):
    refused = refusal(monkeypatch, **{name: value})

    assert refused.field == name
    assert wanted in refused.detail


def test_a_misspelt_setting_is_refused_with_the_nearest_name(monkeypatch: pytest.MonkeyPatch):
    refused = refusal(monkeypatch, AGENT_RUNTIME_DATABSE_URL=PLANTED)

    assert refused.field == "AGENT_RUNTIME_DATABSE_URL"
    assert "AGENT_RUNTIME_DATABASE_URL" in refused.detail


@pytest.mark.parametrize(
    "name", ["AGENT_RUNTIME_PORT", "AGENT_RUNTIME_LOG_LEVEL", "ANTHROPIC_BASE_URL"]
)
def test_a_refusal_never_shows_what_the_variable_holds(monkeypatch: pytest.MonkeyPatch, name: str):
    refused = refusal(monkeypatch, **{name: PLANTED})

    assert PLANTED not in "".join(traceback.format_exception(refused))
    assert refused.__context__ is None


def test_settings_never_show_their_secrets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AGENT_RUNTIME_DATABASE_URL", f"postgresql://u:{PLANTED}@h/d")
    monkeypatch.setenv("ANTHROPIC_API_KEY", PLANTED)
    monkeypatch.setenv("OPENAI_API_KEY", PLANTED)

    settings = read_settings()

    assert PLANTED not in f"{settings!r} {settings} {settings.model_dump_json()}"
