"""What models cost, by a file with dates."""

from datetime import date
from pathlib import Path

import pytest

from schema.errors import Invalid
from schema.events import Usage
from service.prices import SHIPPED, Prices, read_prices

DAY = date(2026, 11, 23)
FILE = """
currency = "USD"
[[price]]
model = "openai:m*"
from = 2026-01-01
input = 2
output = 8.0
cached = 0.5
source = "a page"
[[price]]
model = "openai:mini"
from = 2026-02-01
input = 0.1
output = 0.25
cached = 0
source = "a page"
[[price]]
model = "openai:mini"
from = 2026-06-01
input = 1
output = 1
cached = 1
above_input_tokens = 1000
source = "a page"
"""


@pytest.fixture
def prices(tmp_path: Path) -> Prices:
    return read_prices(written(tmp_path, FILE))


def written(folder: Path, text: str) -> Path:
    file = folder / "prices.toml"
    file.write_text(text)
    return file


def rate(prices: Prices, model: str, day: date, tokens: int = 1) -> float | None:
    price = prices.price_of(model, day, tokens)
    return None if price is None else float(price.input)


def test_the_longer_name_wins_then_the_newer_day_then_the_longer_prompt(prices: Prices):
    assert rate(prices, "openai:mini", date(2026, 1, 31)) == 2
    assert rate(prices, "openai:mini", date(2026, 2, 1)) == 0.1
    assert rate(prices, "openai:mini", DAY, 1000) == 0.1
    assert rate(prices, "openai:mini", DAY, 1001) == 1
    dearest = prices.dearest_of("openai:mini", DAY, 5000)
    assert dearest is not None
    assert float(dearest.output) == 1


def test_what_has_no_entry_has_no_price(prices: Prices):
    assert rate(prices, "openai:other", DAY) is None
    assert rate(prices, "openai:mini", date(2025, 12, 31)) is None
    assert rate(read_prices(SHIPPED), "anthropic:made-up", DAY) is None


def test_what_was_cached_costs_less_and_a_begun_millionth_counts(prices: Prices):
    price = prices.price_of("openai:model", DAY, 1)
    assert price is not None
    usage = Usage(input_tokens=100, output_tokens=10, cached_tokens=61)
    assert price.cost_micro_usd(usage) == 39 * 2 + 31 + 80
    assert price.cost_micro_usd(Usage()) == 0


def test_every_price_that_is_shipped_is_read_and_says_where_it_is_from():
    known = read_prices(SHIPPED).known
    assert len(known) > 10
    assert all(price.source and price.cached <= price.input <= price.output for price in known)


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ('"USD"', '"EUR"', "currency"),
        ("input = 2", "input = -1", "input is dollars"),
        ("input = 2", "input = nan", "input is dollars"),
        ("input = 2", "inputs = 2", "must say"),
        ("2026-01-01", '"2026-01-01"', "from is a day"),
        ("openai:m*", "m*", "provider:model"),
        ("[[price]]", "[[price]", "no TOML"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, was: str, becomes: str, why: str):
    with pytest.raises(Invalid, match=why):
        read_prices(written(tmp_path, FILE.replace(was, becomes, 1)))
    with pytest.raises(Invalid, match="can't be read"):
        read_prices(tmp_path / "none.toml")
