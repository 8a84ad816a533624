"""What was typed after `run`, as the message that starts a session."""

from collections.abc import Sequence

from schema.messages.checked import checked
from schema.messages.sessions import StartSession


def start_session(
    *,
    agent: str,
    prompt: str,
    model: str,
    tools: Sequence[str],
    system_prompt: str | None,
    max_iterations: int | None,
) -> StartSession:
    """The message; `Invalid` names the field that cannot be so. What was not given is left out."""
    named = [name.strip() for given in tools for name in given.split(",") if name.strip()]
    values: dict[str, object] = {"agent": agent, "prompt": prompt, "model": model, "tools": named}
    if system_prompt is not None:
        values["system_prompt"] = system_prompt
    if max_iterations is not None:
        values["limits"] = {"max_iterations": max_iterations}
    return checked(StartSession, values)
