"""What a process can give to sessions: models, tools, stages, and what models cost."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from schema import events
from schema.errors import Invalid, NotFound, PriceUnknown
from schema.events import Protocol
from schema.messages.sessions import ProtocolChoice, StartSession
from service.agent.rules import LATEST
from service.agent.tools import ToolRegistry
from service.definitions import Definition
from service.providers.base import Provider
from service.providers.open import Providers
from service.spending import Spending
from service.stages import Stages


@dataclass(frozen=True)
class Means:
    """Turns what is asked for into what there is; `Invalid` names what there is not."""

    providers: Providers
    tools: ToolRegistry
    stages: Stages
    spending: Spending

    async def started(
        self, command: StartSession, definition: Definition | None
    ) -> events.SessionStarted:
        """The event that a session begins with, its prompt as the stages leave it.

        What *command* leaves out is as *definition* has it.
        """
        defined = None if definition is None else definition.defined
        settled = command.settled(defined)
        providers = [
            self._having("model", settled.model),
            *(self._having("fallbacks", model) for model in settled.fallbacks),
        ]
        if settled.budget.cost is not None:
            self._see_priced((settled.model, *settled.fallbacks))
        started = events.SessionStarted(
            agent_id=command.agent,
            prompt=command.prompt,
            model=settled.model,
            system_prompt=settled.system_prompt,
            protocol=_protocol(settled.protocol, providers),
            tools=self.specs(settled.tools),
            limits=settled.limits,
            sampling=settled.sampling,
            rules=LATEST,
            salt=os.urandom(16).hex(),
            memory=settled.memory,
            graph=settled.graph,
            budget=settled.budget,
            approvals=settled.approve,
            definition=None if definition is None else definition.version,
            fallbacks=settled.fallbacks,
            prompt_stages=self.stages.of_prompt(() if defined is None else defined.prompt_stages),
            answer_stages=self.stages.of_answer(() if defined is None else defined.answer_stages),
        )
        return await self._passed(started)

    def see_able(self, started: events.SessionStarted) -> None:
        """Raise `Invalid` where this process lacks the model or a tool of a session."""
        for model in (started.model, *started.fallbacks):
            self.providers.get(model)
        self.stages.pipeline("answer_stages", started.answer_stages)
        self.specs(spec.name for spec in started.tools)

    def specs(self, tools: Iterable[str]) -> tuple[events.ToolSpec, ...]:
        """How models see *tools*."""
        try:
            return self.tools.specs(dict.fromkeys(tools))
        except NotFound as error:
            there_are = ", ".join(tool.spec.name for tool in self.tools) or "none"
            raise Invalid("tools", f"{error} (there are: {there_are})") from None

    def provider_of(self, model: str) -> Provider:
        """Who runs *model* (`provider:model`)."""
        return self.providers.get(model)[0]

    async def _passed(self, started: events.SessionStarted) -> events.SessionStarted:
        """*started* with the prompt as its stages leave it: what stands in the log went through."""
        self.stages.pipeline("answer_stages", started.answer_stages)
        stages = self.stages.pipeline("prompt_stages", started.prompt_stages)
        if not stages.stages:
            return started
        prompt = await stages.run(started.prompt)
        if not prompt.strip():
            raise Invalid("prompt", f"{', '.join(stages.names)} left nothing of it")
        return replace(started, prompt=prompt)

    def _having(self, field: str, model: str) -> Provider:
        """Who runs *model*; `Invalid` names *field* where nobody does."""
        try:
            return self.provider_of(model)
        except Invalid as error:
            raise Invalid(field, error.detail) from None

    def _see_priced(self, models: Sequence[str]) -> None:
        """Raise `Invalid` where nobody knows what a session costs that may only cost so much."""
        try:
            for model in models:
                self.spending.see_priced(model)
        except PriceUnknown as error:
            raise Invalid("budget.cost", str(error)) from None


def _protocol(choice: ProtocolChoice, providers: Sequence[Provider]) -> Protocol:
    """One for all models of a session: what each of them can do."""
    native = all(provider.native_tools for provider in providers)
    if choice == "auto":
        return Protocol.NATIVE if native else Protocol.TEXT
    if choice == "native" and not native:
        raise Invalid("protocol", "this model has no native tool calls: choose text, or auto")
    return Protocol(choice)
