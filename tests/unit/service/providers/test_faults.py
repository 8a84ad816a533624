"""What went wrong, in the terms of the one tree."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from schema.errors import ProviderRefused, ProviderUnavailable
from service.providers.faults import Complaint, answered, complaint_in, retry_after_s

NOW = datetime(2025, 1, 31, 12, tzinfo=UTC)
COMPLAINT = Complaint("something")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_unavailable(status: int):
    error = answered("openai", status, COMPLAINT, {"retry-after": "3"})
    assert isinstance(error, ProviderUnavailable)
    assert (error.status, error.retry_after_s, error.retryable) == (status, 3.0, True)


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 413, 418, 422])
def test_what_will_not_pass_is_refused(status: int):
    error = answered("openai", status, COMPLAINT, {})
    assert isinstance(error, ProviderRefused)
    assert (error.status, error.retryable) == (status, False)


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
def test_an_empty_account_is_refused_though_it_looks_like_a_rate_limit(code: str):
    error = answered("openai", 429, Complaint("You ran out", code), {"retry-after": "3"})
    assert isinstance(error, ProviderRefused)
    assert "credit" in str(error)


def test_a_refused_key_is_named_by_its_setting():
    assert "ANTHROPIC_API_KEY" in str(answered("anthropic", 401, COMPLAINT, {}))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
        ({"retry-after": "999999"}, 3600.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_from_the_headers(headers: dict[str, str], seconds: float | None):
    assert retry_after_s(headers) == seconds


@pytest.mark.parametrize(("ahead_s", "seconds"), [(30, 30.0), (-30, 0.0), (7200, 3600.0)])
def test_a_date_to_wait_for_counts_from_the_answers_own_date(ahead_s: int, seconds: float):
    until = NOW + timedelta(seconds=ahead_s)
    headers = {
        "retry-after": format_datetime(until, usegmt=True),
        "date": format_datetime(NOW, usegmt=True),
    }
    assert retry_after_s(headers) == seconds


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b'{"error": {"message": "m", "type": "t", "code": "c"}}', Complaint("m", "c")),
        (b'{"type": "error", "error": {"type": "t", "message": "m"}}', Complaint("m", "t")),
        (b'{"error": {"message": "m", "type": "t", "code": 400}}', Complaint("m", "t")),
        (b'{"error": "m"}', Complaint("m")),
        (b'{"message": "m"}', Complaint("m")),
        (b'{"detail": "m"}', Complaint("m")),
        (b'{"detail": [{"loc": ["x"]}]}', Complaint("[{'loc': ['x']}]")),
        (b"[1, 2]", Complaint("[1, 2]")),
        (b"null", Complaint("None")),
        (b"<html>\n bad \xff gateway</html>", Complaint("<html> bad \ufffd gateway</html>")),
        (b"", Complaint("")),
        (b"[" * 100_000, Complaint("[" * 100_000)),
    ],
)
def test_a_complaint_is_found_in_any_shape_of_body(body: bytes, complaint: Complaint):
    assert complaint_in(body) == complaint


def test_a_long_complaint_is_cut():
    assert len(str(answered("openai", 400, Complaint("x" * 10_000), {}))) < 600
