"""The stages that are there."""

import time

import pytest

from service.stages import mask_emails, mask_secrets

SLOW_S = 3.0
"""On a busy machine; what is not bounded takes minutes."""
SECRETS = [
    "sk-ant-api03-" + "aB3" * 10,
    "ghp_" + "a1" * 18,
    "AKIA" + "ABCD1234" * 2,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.SflKxwRJSMeK",
    "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_what_looks_like_a_secret_is_masked_and_what_stands_around_it_is_kept(secret: str):
    assert mask_secrets(f"use {secret} for it") == "use [masked] for it"


@pytest.mark.parametrize("odd", ["sk-", "-----BEGIN PRIVATE KEY-----", "eyJ", "a.b@", "xoxb-"])
def test_text_that_was_made_up_for_it_takes_no_longer_than_other_text(odd: str):
    text = odd * (300_000 // len(odd))
    began_s = time.perf_counter()

    assert mask_emails(mask_secrets(text))

    assert time.perf_counter() - began_s < SLOW_S


def test_words_are_no_secrets():
    text = "A task-oriented sk-8 board, risk-averse, bearer bonds and e.g. sha256."
    assert mask_secrets(text) == text


def test_addresses_are_masked():
    assert mask_emails("Ask ana.b+c@mail.example.org.") == "Ask [masked]."
    assert mask_emails("5 @ 3, a@b") == "5 @ 3, a@b"
