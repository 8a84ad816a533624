"""Rate limits out of headers."""

from datetime import UTC, datetime

import pytest

from service.providers.rate_limit import RateLimit, Window, duration_s, rate_limit_in

NOW = datetime(2025, 1, 31, 12, tzinfo=UTC)


def test_openai_tells_requests_and_tokens():
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-remaining-tokens": "149984",
        "x-ratelimit-reset-tokens": "6m0s",
    }
    assert rate_limit_in(headers, NOW) == RateLimit(
        {"requests": Window(60, 59, 1.0), "tokens": Window(None, 149984, 360.0)}
    )


def test_anthropic_tells_when_in_universal_time():
    headers = {
        "anthropic-ratelimit-input-tokens-limit": "50000",
        "anthropic-ratelimit-input-tokens-remaining": "49000",
        "anthropic-ratelimit-input-tokens-reset": "2025-01-31T12:00:30Z",
    }
    assert rate_limit_in(headers, NOW) == RateLimit({"input-tokens": Window(50000, 49000, 30.0)})


def test_headers_without_limits_tell_nothing():
    assert rate_limit_in({"x-ratelimit-limit-requests": "many"}, NOW) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12ms", 0.012), ("6m0s", 360.0), ("1h2m3.5s", 3723.5), ("1d", 86400.0), ("2us", 2e-6)],
)
def test_durations_are_read(text: str, seconds: float):
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "12", "6m0", "-1s"])
def test_what_is_no_duration_is_none(text: str):
    assert duration_s(text) is None
