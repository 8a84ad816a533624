import json
from io import StringIO

from rich.console import Console

from service.bench.bench import Budget
from service.bench.measure import Result
from service.bench.report import line, table

RESULT = Result(
    name="append",
    params={"sessions": 16, "event_bytes": 1024},
    value=15_700.0,
    unit="events/s",
    floor=13_600.0,
    ratio=1.154,
    p50_ms=1.0,
    p99_ms=2.5,
    floor_p99_ms=3.0,
    range=(15_000.0, 16_000.0),
    floor_range=(13_000.0, 14_000.0),
    ratio_range=(1.1, 1.2),
    rounds=5,
    also={"cpu_ms": 0.05},
    budgets=(Budget(figure="ratio", at_least=1.1), Budget(figure="cpu_ms", at_most=0.01)),
)


def shown() -> str:
    text = StringIO()
    Console(file=text, width=160, color_system=None).print(table([RESULT]))
    return text.getvalue()


def test_a_line_is_one_json_object_with_the_promised_names():
    told = json.loads(line(RESULT))

    assert "\n" not in line(RESULT)
    promised = "name params value unit floor ratio p50_ms p99_ms floor_p99_ms range rounds"
    assert set(promised.split()) <= told.keys()
    assert (told["name"], told["params"]["sessions"], told["value"]) == ("append", 16, 15_700.0)


def test_a_line_tells_of_each_budget_whether_it_was_kept():
    assert [budget["met"] for budget in json.loads(line(RESULT))["budgets"]] == [True, False]


def test_the_table_shows_the_figures_and_the_missed_budget():
    text = shown()

    assert "15,700" in text
    assert "13,600" in text
    assert "missed: cpu_ms ≤ 0.01" in text


def test_the_table_fits_into_eighty_columns():
    text = StringIO()
    Console(file=text, width=80, color_system=None).print(table([RESULT]))

    assert "15,700" in text.getvalue()
    assert "…" not in text.getvalue()
