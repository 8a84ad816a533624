"""The tool `calculator`: arithmetic that a model should not do in its head."""

from typing import Annotated

from schema.events import Effect, ToolExample
from service.agent.tools.expression import evaluate
from service.agent.tools.tool import tool


# Async without awaiting anything: its work is bounded to microseconds, a thread would cost more.
@tool(
    effect=Effect.PURE,
    examples=(
        ToolExample(task="What is 12 times 34?", arguments={"expression": "12 * 34"}, result=408),
        ToolExample(
            task="How much is the root of 2, to three places?",
            arguments={"expression": "round(sqrt(2), 3)"},
            result=1.414,
        ),
    ),
)
async def calculator(
    expression: Annotated[str, "such as 2 * (3 + 4) ** 2, sqrt(2), round(pi, 3), log(8, 2)"],
) -> int | float:
    """Work out an arithmetic expression exactly: + - * / // % **, brackets, common functions."""
    return evaluate(expression)
