"""What was typed after `run`, as the message that starts a session."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from schema.errors import Invalid
from schema.messages.checked import checked
from schema.messages.sessions import SessionLimits, StartSession

FILE_TOOLS: Final = ("read_file", "list_files", "search_files")
HTTP_TOOLS: Final = ("http_get",)


def start_session(  # noqa: PLR0913 - what was typed, option by option.
    *,
    agent: str,
    prompt: str,
    model: str | None,
    tools: Sequence[str] | None,
    system_prompt: str | None,
    max_iterations: int | None,
    files_root: Path | None,
    allow_http: bool,
    no_memory: bool,
    fallbacks: Sequence[str] | None = None,
) -> StartSession:
    """The message; `Invalid` names what cannot be so. What was not given is left out."""
    values: dict[str, object] = {"agent": agent, "prompt": prompt, "model": model}
    if tools is not None:
        values["tools"] = named_tools(tools, files_root, allow_http=allow_http)
    if system_prompt is not None:
        values["system_prompt"] = system_prompt
    if max_iterations is not None:
        values["limits"] = {"max_iterations": max_iterations}
    if fallbacks:
        values["fallbacks"] = list(fallbacks)
    if no_memory:
        values["memory"] = None
    try:
        return checked(StartSession, values)
    except Invalid as error:
        raise _as_typed(error) from None


def named_tools(tools: Sequence[str], files_root: Path | None, *, allow_http: bool) -> list[str]:
    """The names that were typed; `Invalid` where one wants another option."""
    named = [name.strip() for given in tools for name in given.split(",") if name.strip()]
    _see_allowed(named, files_root, allow_http=allow_http)
    return named


def _see_allowed(tools: Sequence[str], files_root: Path | None, *, allow_http: bool) -> None:
    """`Invalid` where a tool is asked for that another option must allow first."""
    for name in tools:
        if name in FILE_TOOLS and files_root is None:
            raise Invalid("tools", f"{name} wants --files-root FOLDER")
        if name in HTTP_TOOLS and not allow_http:
            raise Invalid("tools", f"{name} wants --allow-http")


def _as_typed(error: Invalid) -> Invalid:
    """*error* in the words of the option that set the limit, if one did."""
    group, _, name = error.field.partition(".")
    if group != "limits":
        return error
    asked = SessionLimits.model_json_schema()["properties"][name]
    bounds = f"{asked['minimum']} to {asked['maximum']}"
    return Invalid(f"--{name.replace('_', '-')}", bounds)
