"""What a provider promises, and how models are named."""

from collections.abc import Callable
from typing import Protocol

from schema.completions import Completion, CompletionRequest
from schema.errors import Invalid

OnDelta = Callable[[str], None]
"""Is handed each piece of the answer's text, in order, as it comes."""


class Provider(Protocol):
    """Somebody who continues prompts."""

    @property
    def native_tools(self) -> bool:
        """Whether tools may be offered natively; if not, the prompt has to write them out."""
        ...

    async def complete(self, request: CompletionRequest, on_delta: OnDelta) -> Completion:
        """The whole continuation of *request*, in one try.

        Its text goes to *on_delta* piece by piece before it is returned. Takes no longer than
        the request's `timeout_s`; a cancelled call closes its connection.
        Raises `ProviderUnavailable` where another try may succeed (with how long the provider
        asked us to wait), `ProviderRefused` where none will. No error's text holds a key.
        """
        ...


def split_model(model: str) -> tuple[str, str]:
    """The provider's and the model's name in `provider:model`; only the first colon parts them."""
    provider, colon, name = model.partition(":")
    if not (provider and colon and name):
        raise Invalid("model", f"{model!r} is not of the form provider:model")
    return provider, name
