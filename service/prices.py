"""What models cost: read from a file with dates, never from code."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Final

from schema.errors import Invalid
from schema.events import Usage

SHIPPED: Final = Path(__file__).parent / "providers" / "prices.toml"
SETTING: Final = "AGENT_RUNTIME_PRICES_FILE"
BYTES_MAX: Final = 1 << 20
FIELDS: Final = frozenset(
    {"model", "from", "input", "output", "cached", "above_input_tokens", "source"}
)
NEEDED: Final = FIELDS - {"above_input_tokens"}
CURRENCY: Final = "USD"
RATE_MAX: Final = 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model costs from a day on, in dollars per million tokens: micro-dollars per token."""

    model: str
    """`provider:model`; `*` stands for any text."""
    since: date
    input: Decimal
    output: Decimal
    cached: Decimal
    above_input_tokens: int = -1
    """It holds for prompts of more than so many tokens."""
    source: str

    def cost_micro_usd(self, usage: Usage) -> int:
        """What *usage* costs, in millionths of a dollar, each begun one counted."""
        cached = min(usage.cached_tokens, usage.input_tokens)
        cost = (
            (usage.input_tokens - cached) * self.input
            + cached * self.cached
            + usage.output_tokens * self.output
        )
        return int(cost.to_integral_value(ROUND_CEILING))


@dataclass(frozen=True)
class Prices:
    """Every price that is known; where there is none, a cost is not known either."""

    known: Sequence[Price] = ()

    def price_of(self, model: str, day: date, input_tokens: int) -> Price | None:
        """The price of *model* (`provider:model`) on *day* for a prompt of so many tokens.

        Of several that fit, the one whose name says more, then the newest, then the one for
        longer prompts.
        """
        fitting = (
            price
            for price in self.known
            if price.since <= day
            and price.above_input_tokens < input_tokens
            and fnmatchcase(model, price.model)
        )
        return max(fitting, key=_closeness, default=None)

    def dearest_of(self, model: str, day: date, input_tokens: int) -> Price | None:
        """The same, where the prompt may turn out to have any number of tokens up to that."""
        shorter = {price.above_input_tokens + 1 for price in self.known}
        sizes = {size for size in shorter if 0 <= size < input_tokens} | {input_tokens}
        prices = [price for size in sizes if (price := self.price_of(model, day, size))]
        return max(prices, key=lambda price: (price.output, price.input), default=None)


def _closeness(price: Price) -> tuple[int, date, int]:
    return len(price.model.replace("*", "")), price.since, price.above_input_tokens


@cache
def read_prices(path: Path = SHIPPED) -> Prices:
    """The prices of the file at *path*; `Invalid` says what is wrong with it."""
    try:
        with path.open("rb") as file:
            text = file.read(BYTES_MAX + 1)
        if len(text) > BYTES_MAX:
            raise Invalid(SETTING, f"{path.name} has more than {BYTES_MAX} bytes")
        said = tomllib.loads(text.decode(), parse_float=Decimal)
    except OSError as error:
        raise Invalid(SETTING, f"{path.name} can't be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid(SETTING, f"{path.name} is no TOML: {error}") from None
    if said.get("currency") != CURRENCY:
        raise Invalid(SETTING, f'{path.name} must say currency = "{CURRENCY}"')
    entries = said.get("price", [])
    if not isinstance(entries, list):
        raise Invalid(SETTING, f"{path.name}: write each price under [[price]]")
    return Prices(tuple(_price(entry, place) for place, entry in enumerate(entries, start=1)))


def _price(entry: Any, place: int) -> Price:
    where = f"price {place}"
    if not isinstance(entry, dict) or entry.keys() - FIELDS or NEEDED - entry.keys():
        raise Invalid(SETTING, f"{where} must say {', '.join(sorted(NEEDED))}, and no other thing")
    model, since, source = entry["model"], entry["from"], entry["source"]
    above = entry.get("above_input_tokens", -1)
    if not isinstance(model, str) or ":" not in model or not isinstance(source, str):
        raise Invalid(SETTING, f"{where}: model is provider:model, source a text")
    if type(since) is not date:
        raise Invalid(SETTING, f"{where}: from is a day, as 2026-01-31 is")
    if type(above) is not int:
        raise Invalid(SETTING, f"{where}: above_input_tokens is a number of tokens")
    return Price(
        model=model,
        since=since,
        input=_rate(entry, "input", where),
        output=_rate(entry, "output", where),
        cached=_rate(entry, "cached", where),
        above_input_tokens=above,
        source=source,
    )


def _rate(entry: dict[str, Any], field: str, where: str) -> Decimal:
    rate = entry[field]
    is_number = isinstance(rate, int | Decimal) and not isinstance(rate, bool)
    if not is_number or not Decimal(rate).is_finite() or not 0 <= rate <= RATE_MAX:
        raise Invalid(SETTING, f"{where}: {field} is dollars per million tokens, 0 or more")
    return Decimal(rate)
