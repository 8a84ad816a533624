"""`DefineAgent`: what it takes, what it refuses by its field's name, its defaults."""

from typing import Any

import msgspec
import pytest

from schema.errors import Invalid
from schema.events import AgentDefined, Limits, MemoryPolicy, RecallPolicy, Sampling
from schema.messages.agents import DefineAgent
from schema.messages.checked import checked

LEAST = {"model": "scripted:x"}


def test_the_least_that_defines_an_agent():
    assert checked(DefineAgent, LEAST).as_event() == AgentDefined(model="scripted:x")


def test_all_that_is_said_is_kept():
    sent = {
        "model": "anthropic:m",
        "system_prompt": "Be brief.",
        "tools": ["calculator"],
        "limits": {"tool_timeout_s": 5},
        "sampling": {"temperature": 1},
        "protocol": "text",
        "max_iterations": 7,
        "memory": {"capacity": 9, "recall": {"policy": "hybrid", "recency_weight": 0.5}},
    }

    assert checked(DefineAgent, sent).as_event() == AgentDefined(
        model="anthropic:m",
        system_prompt="Be brief.",
        tools=("calculator",),
        limits=Limits(max_iterations=7, tool_timeout_s=5),
        sampling=Sampling(temperature=1),
        protocol="text",
        memory=MemoryPolicy(capacity=9, recall=RecallPolicy(policy="hybrid", recency_weight=0.5)),
    )


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"model": "smollm2"}, "model"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"max_iterations": 7, "limits": {"max_iterations": 8}}, "max_iterations"),
        ({"memory": {"capacity": 0}}, "memory.capacity"),
        ({"memory": {"recall": {"policy": "newest"}}}, "memory.recall.policy"),
        ({"memory": None}, "memory"),
        ({"prompt": "x"}, "prompt"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(values: dict[str, Any], field: str):
    with pytest.raises(Invalid) as refused:
        checked(DefineAgent, {**LEAST, **values})

    assert refused.value.field == field


def test_every_field_of_the_event_can_be_said():
    fields = {field.name for field in msgspec.structs.fields(AgentDefined)}

    assert DefineAgent.model_fields.keys() - {"max_iterations"} == fields
