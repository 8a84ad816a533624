"""Keys stay out of texts."""

import pytest
from pydantic import SecretStr

from schema.errors import Invalid
from service.providers.secrets import Redactor, header_value


def test_a_key_is_hidden_wherever_it_stands():
    assert Redactor("k3y", "k3y-longer").hide("k3y, k3y-longer") == "[key], [key]"


@pytest.mark.parametrize(
    "text", ["sk-abcdefgh1234", "sk-ab***********yz", "Bearer xyz", "bearer  q"]
)
def test_what_looks_like_a_key_is_hidden_too(text: str):
    assert Redactor().hide(f"is {text}, see") in {"is [key], see", "is [key] see"}


def test_without_a_key_a_text_stays_as_it_is():
    assert Redactor("").hide("nothing to hide") == "nothing to hide"


def test_a_key_may_come_with_a_line_end():
    assert header_value("OPENAI_API_KEY", SecretStr("abc\n")) == "abc"


@pytest.mark.parametrize(
    "key", ["", "\n", "planted key", "planted\nkey", "plantéd", "planted\0key"]
)
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(key: str):
    with pytest.raises(Invalid, match="OPENAI_API_KEY") as refused:
        header_value("OPENAI_API_KEY", SecretStr(key))
    assert "plant" not in str(refused.value)
