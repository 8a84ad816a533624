"""Models behind one protocol: Anthropic, OpenAI and all who speak its wire, local, scripted."""

from service.providers.base import OnDelta, Provider, split_model
from service.providers.open import Providers, ProviderSettings, open_providers
from service.providers.rate_limit import RateLimit, Window

__all__ = [
    "OnDelta",
    "Provider",
    "ProviderSettings",
    "Providers",
    "RateLimit",
    "Window",
    "open_providers",
    "split_model",
]
