"""What is outside: a server that counts effects by key, and a model that tells the story."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from tests.kill.story import turn

HOST: Final = "127.0.0.1"


@dataclass(frozen=True)
class Happened:
    """One effect, as it came in."""

    session: str
    call: str
    tool: str
    key: str
    pid: int


@dataclass
class World:
    """Everything that was done to it; made by `open_world`."""

    url: str = ""
    happened: list[Happened] = field(default_factory=list)

    def of(self, session: str, call: str) -> list[Happened]:
        return [one for one in self.happened if (one.session, one.call) == (session, call)]

    async def effect(self, request: web.Request) -> web.Response:
        self.happened.append(Happened(**await request.json()))
        return web.json_response({"done": True})

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """The story's next turn, as servers of OpenAI's wire stream it."""
        body = await request.json()
        said = sum(message["role"] == "assistant" for message in body["messages"])
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for chunk in chunks(turn(said + 1)):
            await response.write(f"data: {chunk}\n\n".encode())
        await response.write_eof()
        return response


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    """A world at its own URL while the block runs."""
    world = World()
    app = web.Application()
    app.router.add_post("/effect", world.effect)
    app.router.add_post("/v1/chat/completions", world.complete)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        world.url = f"http://{HOST}:{runner.addresses[0][1]}"
        yield world
    finally:
        await runner.cleanup()


def chunks(said: dict[str, Any]) -> list[str]:
    """*said* in pieces."""
    calls = [
        {
            "index": index,
            "id": f"call_{index}",
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call["arguments"])},
        }
        for index, call in enumerate(said.get("tool_calls", ()))
    ]
    deltas = [{"role": "assistant", "content": said["text"]}]
    deltas += [{"tool_calls": [call]} for call in calls]
    choices: list[dict[str, Any]] = [
        {"index": 0, "delta": delta, "finish_reason": None} for delta in deltas
    ]
    reason = "tool_calls" if calls else "stop"
    choices.append({"index": 0, "delta": {}, "finish_reason": reason})
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    head: dict[str, Any] = {"id": "chatcmpl-1", "model": "story"}
    told = [{**head, "choices": [choice]} for choice in choices]
    told.append({**head, "choices": [], "usage": usage})
    return [*map(json.dumps, told), "[DONE]"]
