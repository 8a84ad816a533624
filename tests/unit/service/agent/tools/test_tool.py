from typing import Annotated

import pytest

from schema.errors import Invalid
from schema.events import Effect, ToolExample
from service.agent.tools import ToolError, ToolRegistry, tool
from service.agent.tools.arguments import read_arguments
from service.graph.mind import GraphCall
from service.memory.mind import Change, Mind


def greet(name: str) -> str:
    """Say hello."""
    return f"hello {name}"


def test_a_function_becomes_a_tool_with_its_name_and_docstring():
    example = ToolExample(task="Greet Ada", arguments={"name": "Ada"}, result="hello Ada")
    made = tool(effect=Effect.IDEMPOTENT, examples=[example], timeout_s=3)(greet)
    assert (made.spec.name, made.spec.description) == ("greet", "Say hello.")
    assert made.spec.effect is Effect.IDEMPOTENT
    assert made.spec.examples == (example,)
    assert (made.is_async, made.timeout_s) == (False, 3)


def test_an_example_that_would_be_refused_is_refused_at_once():
    example = ToolExample(task="Greet Ada", arguments={"nmae": "Ada"}, result="hello Ada")
    with pytest.raises(Invalid, match=r"greet\.examples: .*nmae"):
        tool(effect=Effect.PURE, examples=[example])(greet)


def test_a_tool_without_a_docstring_is_refused():
    def mute(name: str) -> None: ...

    with pytest.raises(Invalid, match="mute: has no docstring"):
        tool(effect=Effect.PURE)(mute)


def test_a_name_that_providers_would_not_take_is_refused():
    with pytest.raises(Invalid, match="<lambda>"):
        tool(effect=Effect.PURE)(lambda: None)


def test_a_tool_takes_the_mind_exactly_if_it_is_transactional():
    async def change(mind: Mind, what: str) -> Change:
        """Change it."""
        return Change(data=[mind.agent_id, what])

    made = tool(effect=Effect.TRANSACTIONAL)(change)
    assert list(made.spec.parameters["properties"]) == ["what"]
    with pytest.raises(Invalid, match=r"change: .*only then"):
        tool(effect=Effect.PURE)(change)
    with pytest.raises(Invalid, match=r"greet: .*only then"):
        tool(effect=Effect.TRANSACTIONAL)(greet)


def test_what_changes_a_mind_is_async():
    def change(mind: Mind) -> Change:
        """Change it."""
        return Change(data=mind.agent_id)

    with pytest.raises(Invalid, match=r"change: .*async"):
        tool(effect=Effect.TRANSACTIONAL)(change)


async def mark(
    graph: GraphCall,
    from_: str,
    class_: Annotated[str, "which kind"] = "x",
    type_: str = "y",
) -> Change:
    """Mark it."""
    return Change(data=[graph.call_id, from_, class_, type_])


def test_a_tool_may_take_the_graph_and_python_keeps_its_words_to_itself():
    made = tool(effect=Effect.TRANSACTIONAL)(mark)
    assert list(made.spec.parameters["properties"]) == ["from", "class", "type_"]
    assert made.spec.parameters["required"] == ["from"]
    assert made.spec.parameters["properties"]["class"]["default"] == "x"
    assert read_arguments(made.signature, {"from": "a"}) == {"from_": "a"}
    assert read_arguments(made.signature, "a") == {"from_": "a"}
    with pytest.raises(ToolError, match=r'from_: Extra.*expected \{"from": string'):
        read_arguments(made.signature, {"from_": "a", "from": "a"})
    with pytest.raises(Invalid, match=r"mark: .*only then"):
        tool(effect=Effect.IDEMPOTENT)(mark)


def test_a_registry_tells_what_a_tool_receives():
    async def change(mind: Mind) -> Change:
        """Change it."""
        return Change(data=mind.agent_id)

    transactional = tool(effect=Effect.TRANSACTIONAL)
    registry = ToolRegistry(
        [transactional(mark), transactional(change), tool(effect=Effect.PURE)(greet)]
    )
    receives = [registry.receives(name) for name in ("mark", "change", "greet", "nothing")]
    assert receives == [GraphCall, Mind, None, None]
