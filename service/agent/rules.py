"""Which prompt, reading and next move belong together, by the number that a session pinned.

Changed rules get a new number; the old ones stay, as upcasters do, so that every recorded
session can be verified for ever. The corpus in `tests/corpus` fails when a number's rules change.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from schema.completions import CompletionRequest
from schema.errors import UnknownEvent
from schema.events import GraphRecalled, MemoryRecalled, SessionStarted
from service.agent import moves, prompt
from service.agent.moves import Move
from service.agent.prompt import Prompt
from service.agent.session import SessionState


class Rules(Struct, frozen=True, kw_only=True):
    """How a session is led; pure functions all."""

    begin: Callable[
        [SessionStarted, MemoryRecalled | None, GraphRecalled | None, str | None], Prompt
    ]
    extend: Callable[[Prompt, SessionState], Prompt]
    request: Callable[[Prompt, SessionStarted], CompletionRequest]
    next_move: Callable[[SessionState], Move]

    def prompt(self, sent: Prompt | None, state: SessionState) -> Prompt | None:
        """The prompt of *state*'s next step: *sent* before, with all that it lacks.

        Another model begins with its own. None where what the session began with is not known.
        """
        started = state.started
        if started is None:
            return None
        if sent is None or sent.model != state.model:
            sent = self.begin(started, state.recalled, state.graph, state.model)
        return self.extend(sent, state)


_LED: Final = Rules(
    begin=prompt.begin,
    extend=prompt.extend,
    request=prompt.request,
    next_move=moves.next_move,
)

RULES: Final[Mapping[int, Rules]] = MappingProxyType(
    {
        # What a number has more than the one before is never reached by sessions of that one:
        1: _LED,
        2: _LED,  # Sessions remember, and some are told of the graph.
    }
)

LATEST: Final = max(RULES)
"""What a new session pins."""


def rules_of(started: SessionStarted) -> Rules:
    """The rules that *started* pinned; `UnknownEvent` when this program doesn't have them."""
    rules = RULES.get(started.rules)
    if rules is None:
        raise UnknownEvent(f"this program has no rules {started.rules}, it knows {list(RULES)}")
    return rules
