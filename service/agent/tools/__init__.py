"""Tools: what an agent can do, and how it is told what came of it."""

from service.agent.tools.builtin import builtin_tools
from service.agent.tools.context import ToolContext
from service.agent.tools.graph import graph_tools
from service.agent.tools.memory import memory_tools
from service.agent.tools.observation import Kind, Observed, ToolError
from service.agent.tools.registry import ToolRegistry
from service.agent.tools.tool import Tool, tool

__all__ = [
    "Kind",
    "Observed",
    "Tool",
    "ToolContext",
    "ToolError",
    "ToolRegistry",
    "builtin_tools",
    "graph_tools",
    "memory_tools",
    "tool",
]
