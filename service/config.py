"""The settings of this process: read once from the environment, checked, then frozen."""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from schema.errors import Invalid

PREFIX: Final = "AGENT_RUNTIME_"
ANTHROPIC_URL: Final = "https://api.anthropic.com"
OPENAI_URL: Final = "https://api.openai.com/v1"
LOCAL_CONTEXT_TOKENS: Final = 4096
"""From 2048 to 8192 is what a small model makes use of."""

_EMBEDDER: Final = re.compile(r"offline|hashing|none|openai:[^\s@]+(@[1-9]\d{0,3})?")

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["console", "json"]
Destination = Literal["off", "otlp", "console"]


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError:  # `~` of an account without a home
        raise ValueError("this account has no home folder: give an absolute path") from None


def _base_url(text: str) -> str:
    """*text* without the slash at its end, which every path brings along."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must look like https://host or http://host:port/path")
    return text.rstrip("/")


def _embedder(text: str) -> str:
    if not _EMBEDDER.fullmatch(text):
        raise ValueError(
            "must be offline, hashing, none or openai:<model>, "
            "with the model's dimensions where they are not well known: openai:<model>@768"
        )
    return text


def _listed(value: object) -> object:
    """The parts of *value* between its commas."""
    if not isinstance(value, str):
        return value
    return tuple(part for part in map(str.strip, value.split(",")) if part)


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]


class Settings(BaseSettings):
    """What may differ between two installations; an empty variable counts as not set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
        validate_default=True,
    )

    database_url: SecretStr | None = None
    """A PostgreSQL server; without one, an embedded server keeps its data under *home*."""
    home: Annotated[Path, AfterValidator(_absolute)] = Path("~/.agent-runtime")
    host: str = "127.0.0.1"
    port: int = Field(default=8400, ge=0, le=65_535)
    """Port 0 takes any free one."""
    partitions: int = Field(default=1, ge=1, le=4096)
    """Of a log that does not exist yet; one that does keeps what it was created with."""
    lease_s: float = Field(default=30, ge=1, le=3600)
    """How long a silent process keeps a session to itself, before another one goes on with it."""
    sessions_max_at_once: int = Field(default=200, ge=1, le=100_000)
    """How many sessions one process of the service drives beside each other."""
    sessions_soft_limit: int | None = Field(default=None, ge=1, le=100_000)
    """From how many on it warns; without one, from nine tenths of `sessions_max_at_once`."""
    breaker_threshold: int = Field(default=5, ge=1, le=1000)
    """After how many failed calls in a row a model, or a tool, is left alone for a while."""
    breaker_recovery_s: float = Field(default=30, gt=0, le=3600)
    """For how long; then one call tries it."""
    stages: Listed = ()
    """Functions (`package.module:function`, with commas between) that prompts and answers may pass,
    beside those that are there."""
    prompt_stages: Listed = ()
    """Names of stages that every prompt passes before its session begins, in order."""
    answer_stages: Listed = ()
    """Names of stages that every answer passes before it is given, in order."""
    prices_file: Annotated[Path, AfterValidator(_absolute)] | None = None
    """What models cost, as TOML; without one, the prices that were shipped."""
    notify: bool = True
    """Tell other processes of each append at once, by NOTIFY; off, they find it by their poll."""
    poll_s: float = Field(default=0.25, ge=0.01, le=60)
    """How often a process looks whether the log has grown, told or not."""
    log_level: LogLevel = "info"
    log_format: LogFormat | None = None
    """Without one: for people on a terminal, JSON lines elsewhere."""
    traces: Destination | None = None
    """Where spans go: `otlp` (its `OTEL_EXPORTER_OTLP_…` variables say where that is), `console`
    (stderr) or `off`. Without one, as `OTEL_TRACES_EXPORTER` and an OTLP endpoint say; else off."""
    trace_content: bool = False
    """Let prompts, answers, arguments and results of tools stand in spans."""
    local_context_tokens: int = Field(default=LOCAL_CONTEXT_TOKENS, ge=256, le=1_048_576)
    """What a `local:` model may hold at once; more costs memory."""
    embedder: Annotated[str, AfterValidator(_embedder)] = "offline"
    """What finds memories by their meaning: `offline`, `openai:<model>`, `openai:<model>@768` where
    its dimensions are not well known, `hashing` (wording only) or `none`."""

    graph_cache_bytes: int = Field(default=512 << 20, ge=1 << 20)
    """What each of the two processes that answer questions about graphs may hold of them; the one
    that is asked about may be larger."""
    graph_timeout_s: float = Field(default=30, gt=0, le=3600)
    """How long a question about a graph may take."""

    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias="ANTHROPIC_API_KEY")
    anthropic_base_url: BaseUrl = Field(
        default=ANTHROPIC_URL, validation_alias="ANTHROPIC_BASE_URL"
    )
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: BaseUrl = Field(default=OPENAI_URL, validation_alias="OPENAI_BASE_URL")

    url: BaseUrl | None = None
    """A running service that commands ask, in place of the database; `--url` says the same."""
    api_key: SecretStr | None = None
    """The key that commands show it."""


def read_settings(**given: Any) -> Settings:
    """The settings of the environment, but for those that are *given*.

    Raises `Invalid`, naming the variable and what it must hold, never what it holds. A variable
    with our prefix that we do not know is refused too: a misspelt setting must not go unnoticed.
    """
    _refuse_unknown(os.environ)
    try:
        return Settings(**given)
    except ValidationError as error:
        refused = _refused(error)
    raise refused  # Outside the block, so that no traceback carries what the variable holds.


def variable(field: str) -> str:
    """The environment variable that sets *field*."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{field.upper()}"


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {variable(field) for field in Settings.model_fields}
    for name in environment:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = get_close_matches(name.upper(), known, n=1, cutoff=0)
            raise Invalid(name, f"there is no such setting: did you mean {near[0]}?")


def _refused(error: ValidationError) -> Invalid:
    first = error.errors(include_url=False, include_input=False)[0]
    field = str(first["loc"][0])
    name = variable(field) if field in Settings.model_fields else field
    return Invalid(name, first["msg"].removeprefix("Value error, "))
