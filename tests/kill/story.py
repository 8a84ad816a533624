"""The session that is killed everywhere: every class of tool, alone and side by side."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from schema.events import Effect

ANSWER: Final = "All is done."
NOTE: Final = "The bill is paid."
STEPS: Final[tuple[tuple[str, ...], ...]] = (
    ("look",),
    ("put",),
    ("pay",),
    ("remember",),
    ("look", "put", "pay"),
    (),
)
"""The tools that each step calls; the last one answers."""
EFFECTS: Final = {
    "look": Effect.PURE,
    "put": Effect.IDEMPOTENT,
    "pay": Effect.AT_MOST_ONCE,
    "remember": Effect.TRANSACTIONAL,
}
TOOLS: Final = tuple(EFFECTS)


def turn(step: int) -> dict[str, Any]:
    """What the model says in *step*, from 1."""
    calls = [{"name": name, "arguments": arguments(name)} for name in STEPS[step - 1]]
    return {"text": "On.", "tool_calls": calls} if calls else {"text": ANSWER}


def arguments(name: str) -> Mapping[str, Any]:
    return {"content": NOTE} if name == "remember" else {}


def script(folder: Path) -> Path:
    """The story as a file for the scripted model."""
    file = folder / "story.jsonl"
    lines = [json.dumps(turn(step)) for step in range(1, len(STEPS) + 1)]
    file.write_text("\n".join(lines))
    return file


def classes_of(step: int) -> str:
    """What a kill in *step* hits."""
    names = STEPS[step - 1] if 0 < step <= len(STEPS) else ()
    if len(names) > 1:
        return "side by side"
    return EFFECTS[names[0]].value if names else "no tool"
