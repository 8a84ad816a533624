"""Values of PostgreSQL as JSON and CSV have them."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from service.cli.cells import csv_line, json_value, table_cell

MOMENT = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (None, None),
        (True, True),
        (Decimal("1.50"), 1.5),
        (Decimal("1E+2"), 100),
        (Decimal("NaN"), "NaN"),
        (float("inf"), "inf"),
        (b"\x00\xff", "AP8="),
        ([1, None, Decimal(2)], [1, None, 2]),
        ({"a": MOMENT}, {"a": "2031-02-03T04:05:06+00:00"}),
        (date(2031, 2, 3), "2031-02-03"),
        (timedelta(hours=1), "1:00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_what_is_no_number_in_json_is_a_string(cell: Any, value: Any):
    assert json_value(cell) == value


@pytest.mark.parametrize("text", ["", "a", 'a"b', "a,b", "a\r\nb", " a", "ü", "a\tb", "'"])
def test_a_line_of_csv_is_read_back(text: str):
    (row,) = csv.reader(io.StringIO(csv_line([text, 1, text]), newline=""))
    assert row == [text, "1", text]


def test_null_is_told_from_an_empty_text():
    assert csv_line([None, ""]) == ',""\r\n'


def test_a_cell_of_a_table_is_one_line_that_steers_nothing():
    assert table_cell("a\nb\x1b[31m").plain == "a b\\x1b[31m"
