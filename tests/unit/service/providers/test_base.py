"""How models are named."""

import pytest

from schema.errors import Invalid
from service.providers.base import split_model


def test_the_first_colon_parts_provider_and_model():
    assert split_model("openai:ft:gpt:acme") == ("openai", "ft:gpt:acme")


@pytest.mark.parametrize("model", ["", "gpt", "openai:", ":gpt", ":"])
def test_a_model_without_provider_or_name_is_refused(model: str):
    with pytest.raises(Invalid, match="provider:model"):
        split_model(model)
