"""Calls to models and tools, guarded: each is `breaker(retry(call))`, within a deadline.

One breaker stands before each model, and one before each tool; processes share them.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from schema.errors import BreakerOpen, DeadlinePassed, ProviderUnavailable
from schema.events import Effect
from service.agent.tools.observation import ToolError
from service.orchestrator.breaker import NAME_CHARS_MAX, Breaker, BreakerStore
from service.orchestrator.circuit import Rules
from service.orchestrator.retry import Retry, Retrying

T = TypeVar("T")
CallFn = Callable[[], Awaitable[T]]
OnRetryFn = Callable[[str, str], Callable[[Retrying], None]]
"""Kind (`model` or `tool`) and name (a provider's, or a tool's) → who is told of retries there."""

ASKED_MAX: Final = 4
"""How often a model is asked that fails in a way that may pass."""
MODEL_BASE_S: Final = 0.5
PAUSE_MAX_S: Final = 60.0
"""Who asks us to wait longer is not asked again."""

CALLED_MAX: Final = 3
"""How often a tool is called that fails in a way that may pass, if it may run twice."""
TOOL_BASE_S: Final = 0.2
TOOL_GRACE_S: Final = 1.0
"""Beyond the tool's own time, which is up first."""

RULES: Final = Rules(threshold=5, recovery_window_s=30.0)
"""When a breaker opens, and for how long, where no setting says so."""
WAITS_MAX: Final = 20
"""How often an open breaker is waited for."""
KEPT_MAX: Final = 1_000
"""So many guards are kept, those that were used last."""
DIGEST_CHARS: Final = 16


def _unheard(_kind: str, _name: str) -> Callable[[Retrying], None]:
    return lambda _: None


@dataclass(frozen=True, slots=True)
class Guarded:
    """What stands around the calls to one model or tool."""

    breaker: Breaker
    retry: Retry

    async def call(self, fn: CallFn[T]) -> T:
        """What *fn* returns, or its last error; `BreakerOpen` where it isn't called at all."""
        return await self.breaker.call(lambda: self.retry.call(fn))


class Guards:
    """The guards of every model and tool."""

    def __init__(
        self,
        breakers: BreakerStore,
        rules: Rules,
        *,
        on_retry: OnRetryFn = _unheard,
        model_base_s: float = MODEL_BASE_S,
        tool_base_s: float = TOOL_BASE_S,
    ) -> None:
        """*rules* are those of each breaker; the first waits before a retry are the last two."""
        self._breakers = breakers
        self._rules = rules
        self._on_retry = on_retry
        self._model_base_s = model_base_s
        self._tool_base_s = tool_base_s
        self._kept: OrderedDict[tuple[str, str, float], Guarded] = OrderedDict()

    async def ask(self, model: str, fn: CallFn[T], *, timeout_s: float, open_wait_s: float) -> T:
        """What *fn* gets of *model* (`provider:model`), within *timeout_s*.

        An open breaker is waited for at most *open_wait_s*, if that is worth it. Raises what the
        model's provider raises, `BreakerOpen`, and `DeadlinePassed` when the time was up.
        """
        guarded = self._guarded(("model", model, timeout_s), self._of_model)
        try:
            return await guarded.call(fn)
        except BreakerOpen as shut:
            if shut.retry_after_s is None or shut.retry_after_s >= open_wait_s:
                raise
        waiting = Retry(
            attempts=WAITS_MAX,
            base_s=self._model_base_s,
            deadline_s=open_wait_s,
            may_succeed=_is_shut,
        )
        return await waiting.call(lambda: guarded.call(fn))

    async def use(
        self, tool: str, fn: CallFn[T], *, effect: Effect, at: str | None, timeout_s: float
    ) -> T:
        """What *fn* gets of *tool*, called again only where its *effect* lets it.

        *at* is what it reaches in the world, where that is another thing for each call. Raises
        `ToolError`, `BreakerOpen`, and `DeadlinePassed` when the time was up.
        """
        name = tool if at is None else f"{tool}:{at}"
        again = effect is not Effect.AT_MOST_ONCE
        guarded = self._guarded(
            ("tool" if again else "tool once", name, timeout_s),
            self._of_tool if again else self._of_tool_once,
        )
        return await guarded.call(fn)

    def _guarded(
        self, key: tuple[str, str, float], make: Callable[[str, float], Guarded]
    ) -> Guarded:
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = make(*key[1:])
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return kept

    def _of_model(self, model: str, timeout_s: float) -> Guarded:
        retry = Retry(
            attempts=ASKED_MAX,
            base_s=self._model_base_s,
            deadline_s=timeout_s,
            wait_max_s=PAUSE_MAX_S,
            may_succeed=_model_may_answer,
            on_retry=self._on_retry("model", model.partition(":")[0]),
        )
        return Guarded(self._breaker("model", model, _speaks_against_model), retry)

    def _of_tool(self, name: str, timeout_s: float) -> Guarded:
        retry = Retry(
            attempts=CALLED_MAX,
            base_s=self._tool_base_s,
            deadline_s=timeout_s + TOOL_GRACE_S,
            may_succeed=_tool_may_return,
            on_retry=self._on_retry("tool", name.partition(":")[0]),
        )
        return Guarded(self._breaker("tool", name, _speaks_against_tool), retry)

    def _of_tool_once(self, name: str, timeout_s: float) -> Guarded:
        once = Retry(attempts=1, base_s=self._tool_base_s, deadline_s=timeout_s + TOOL_GRACE_S)
        return Guarded(self._breaker("tool", name, _speaks_against_tool), once)

    def _breaker(self, kind: str, name: str, counts: Callable[[Exception], bool]) -> Breaker:
        return Breaker(breaker_name(kind, name), self._rules, self._breakers, counts=counts)


def breaker_name(kind: str, name: str) -> str:
    """`kind:name`, as the breaker is called; a name that can't be shown whole ends in a digest."""
    called = f"{kind}:{name}"
    if len(called) <= NAME_CHARS_MAX and called.isprintable():
        return called
    digest = hashlib.sha256(called.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARS]
    shown = "".join(char if char.isprintable() else "?" for char in called)
    return f"{shown[: NAME_CHARS_MAX - DIGEST_CHARS - 1]}~{digest}"


def _model_may_answer(error: Exception) -> bool:
    if not isinstance(error, ProviderUnavailable):
        return False
    return error.retry_after_s is None or error.retry_after_s <= PAUSE_MAX_S


def _speaks_against_model(error: Exception) -> bool:
    return isinstance(error, ProviderUnavailable | DeadlinePassed)


def _tool_may_return(error: Exception) -> bool:
    """Whether to call it again; one that took all its time may still be at it."""
    transient = isinstance(error, ToolError) and error.kind == "transient"
    return transient and not isinstance(error.__cause__, TimeoutError)


def _speaks_against_tool(error: Exception) -> bool:
    if isinstance(error, ToolError):
        return error.kind == "transient"
    return isinstance(error, DeadlinePassed)


def _is_shut(error: Exception) -> bool:
    return isinstance(error, BreakerOpen)
