"""All benches of analytics, in the order in which one ground serves them."""

from service.bench.analytics.asking import questions_bench, report_beside_appends_bench
from service.bench.bench import Bench, Budget


def analytics_benches(*, slowest: Budget, rate: Budget, tail: Budget) -> list[Bench]:
    """Each has its budget."""
    return [questions_bench(slowest), report_beside_appends_bench(rate, tail)]
