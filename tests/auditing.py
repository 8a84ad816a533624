"""A runtime whose models say what a test wants, for what is done with sessions afterwards."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from eventlog.database import Database
from schema.completions import Completion, CompletionRequest
from schema.messages.sessions import StartSession
from service.agent.session import SessionState
from service.agent.tools import builtin_tools
from service.config import Settings
from service.effects import Unwatched
from service.lease import Lease
from service.providers.open import Providers, ProviderSettings
from service.runtime import Runtime, open_runtime

TOOLS = ("calculator", "remember", "recall", "relate", "neighbours", "note")


@dataclass
class Script:
    """A model of the text protocol that says one thing a step."""

    says: list[str]
    native_tools: bool = False
    asked: list[CompletionRequest] = field(default_factory=list)

    async def complete(
        self, request: CompletionRequest, _on_delta: Callable[[str], None]
    ) -> Completion:
        self.asked.append(request)
        return Completion(text=self.says.pop(0), model="x")


def calls(tool: str, arguments: str) -> str:
    return f"Thought: I use it.\nAction: {tool} {arguments}\n"


def answers(text: str) -> str:
    return f"Thought: I know.\nFINAL_ANSWER: {text}"


@asynccontextmanager
async def runtime_of(database: Database, **models: Script) -> AsyncIterator[Runtime]:
    """A runtime with a model of each name, as `fake:NAME`."""

    @asynccontextmanager
    async def providers(_settings: ProviderSettings) -> AsyncIterator[Providers]:
        yield Providers({"fake": lambda name: models[name]})

    settings = Settings(database_url=database.address.options["dsn"])
    tools = builtin_tools(None, allow_http=False)
    async with open_runtime(settings, tools, providers=providers) as runtime:
        yield runtime


async def session(runtime: Runtime, prompt: str = "What?", **said: Any) -> UUID:
    """A session of ada that ran to where it rests."""
    values = {"agent": "ada", "prompt": prompt, "model": "fake:x", "tools": TOOLS} | said
    lease = await runtime.start_session(StartSession(**values), actor="test")
    await finish(runtime, lease)
    return lease.session_id


async def finish(runtime: Runtime, lease: Lease) -> SessionState:
    return await runtime.run_session(lease, Unwatched())
