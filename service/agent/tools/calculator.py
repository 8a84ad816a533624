"""The tool `calculator`: arithmetic that a model should not do in its head."""

from typing import Annotated

from schema.events import Effect, ToolExample
from service.agent.tools.expression import evaluate
from service.agent.tools.tool import tool


# Async without awaiting anything: its work is bounded to microseconds, a thread would cost more.
@tool(
    effect=Effect.PURE,
    examples=(
        # A small model copies what it sees: these two carry the offline one through the demo.
        ToolExample(task="What is 2*(3+4)?", arguments={"expression": "2 * (3 + 4)"}, result=14),
        ToolExample(task="Multiply 3 by 5.", arguments={"expression": "3 * 5"}, result=15),
    ),
)
async def calculator(
    expression: Annotated[str, "such as 2 * (3 + 4) ** 2, sqrt(2), round(pi, 3), log(8, 2)"],
) -> int | float:
    """Work out an arithmetic expression exactly: + - * / // % **, brackets, common functions."""
    return evaluate(expression)
