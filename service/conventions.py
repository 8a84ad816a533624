"""How OpenTelemetry's conventions for generative AI name what a session does; pure."""

from collections.abc import Sequence
from typing import Any, Final

from schema import events, json_text
from schema.completions import Completion, CompletionRequest, Segment
from schema.events import Usage
from service.tracing import Attributes

FINISHES: Final = {
    "end": "stop",
    "stop_sequence": "stop",
    "tool_calls": "tool_call",
    "refusal": "content_filter",
}
"""A stop reason of ours by the name that the conventions have for it; others go by their own."""


def invoking(agent: str, session: str, provider: str, model: str) -> Attributes:
    """An agent is run on a task."""
    return {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": agent,
        "gen_ai.conversation.id": session,
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
    }


def asking(request: CompletionRequest, session: str, provider: str) -> Attributes:
    """A model is asked."""
    sampling = request.sampling
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.conversation.id": session,
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": request.model,
        "gen_ai.request.max_tokens": sampling.max_output_tokens,
        "gen_ai.request.temperature": sampling.temperature,
        "gen_ai.request.stop_sequences": tuple(sampling.stop) or None,
        "gen_ai.request.stream": True,
        "agent_runtime.step": request.step,
    }


def answered(completion: Completion) -> Attributes:
    """What it answered, but for the words."""
    reason = completion.stop_reason
    return {
        "gen_ai.response.model": completion.model,
        "gen_ai.response.id": completion.request_id,
        "gen_ai.response.finish_reasons": (FINISHES.get(reason, reason),),
        **spent(completion.usage),
    }


def spent(usage: Usage) -> Attributes:
    """Tokens."""
    return {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
    }


def calling(call: events.ToolCalled, tool: str, session: str) -> Attributes:
    """A tool is run; *tool* is a name that we gave."""
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.conversation.id": session,
        "gen_ai.tool.name": tool,
        "gen_ai.tool.call.id": call.call_id,
        "gen_ai.tool.type": "function",
        "agent_runtime.tool.effect": call.effect.value,
    }


def words_of(request: CompletionRequest, completion: Completion) -> Attributes:
    """What was said to a model and by it: for who asked for content."""
    system = [segment for segment in request.segments if segment.role == "system"]
    others = [segment for segment in request.segments if segment.role != "system"]
    said = Segment(role="assistant", text=completion.text, calls=completion.calls)
    reason = FINISHES.get(completion.stop_reason, completion.stop_reason)
    return {
        "gen_ai.system_instructions": _json(_parts(system)),
        "gen_ai.input.messages": _json([_message(segment) for segment in others]),
        "gen_ai.output.messages": _json([{**_message(said), "finish_reason": reason}]),
    }


def words_of_call(call: events.ToolCalled, observation: str) -> Attributes:
    """What a tool was given, and what the model was told of it."""
    return {
        "gen_ai.tool.call.arguments": _json(call.arguments),
        "gen_ai.tool.call.result": observation,
    }


def _parts(segments: Sequence[Segment]) -> list[Any]:
    return [part for segment in segments for part in _message(segment)["parts"]]


def _message(segment: Segment) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    if segment.text:
        parts.append({"type": "text", "content": segment.text})
    parts += [
        {"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.arguments}
        for call in segment.calls
    ]
    parts += [
        {"type": "tool_call_response", "id": result.id, "response": result.observation}
        for result in segment.results
    ]
    return {"role": segment.role, "parts": parts}


def _json(value: Any) -> str:
    return json_text.encode(value, "content")
