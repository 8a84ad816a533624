"""Every bench there is, with its budgets."""

from typing import Final

from service.bench.analytics.benches import analytics_benches
from service.bench.appends import append_among_heads_bench, append_bench
from service.bench.bench import Bench, Budget
from service.bench.catching_up import projections_bench
from service.bench.crowd import crowd_bench
from service.bench.folds import fold_bench
from service.bench.graph.benches import graph_benches
from service.bench.guards import guards_bench
from service.bench.http.benches import http_benches
from service.bench.reads import open_session_bench, read_bench
from service.bench.recall.benches import recall_benches
from service.bench.recall.remembering import memory_size_bench, remember_bench
from service.bench.sizes import session_size_bench, turn_size_bench
from service.bench.steps import sessions_bench, tool_step_bench
from service.bench.verifying import verify_bench

NO_WORSE_P99: Final = Budget(figure="p99_ratio", at_most=1)
LINEAR: Final = Budget(figure="growth_exponent", at_most=1.05)
AS_LINEAR_AS_MEMORY: Final = Budget(figure="growth_exponent", at_most=1.1)
"""What is spread over more memory is reached more slowly; a fold that copies would have 2."""

BENCHES: Final[tuple[Bench, ...]] = (
    append_bench(1, Budget(figure="ratio", at_least=0.6)),
    append_bench(16, Budget(figure="ratio", at_least=1.1)),
    append_bench(64, Budget(figure="ratio", at_least=2), NO_WORSE_P99),
    append_among_heads_bench(64, Budget(figure="ratio", at_least=2), NO_WORSE_P99),
    read_bench(Budget(figure="ratio", at_least=0.6)),
    fold_bench(Budget(figure="value", at_least=200_000), AS_LINEAR_AS_MEMORY),
    projections_bench(Budget(figure="value", at_least=10_000)),
    tool_step_bench(Budget(figure="value", at_most=1.5), Budget(figure="commits", at_most=2)),
    turn_size_bench(Budget(figure="value", at_most=60_000), Budget(figure="events", at_most=40)),
    session_size_bench(Budget(figure="value", at_most=1_000_000), LINEAR),
    sessions_bench(64, Budget(figure="value", at_least=1_500), projections=False),
    sessions_bench(64, Budget(figure="value", at_least=1_500), projections=True),
    crowd_bench(200, Budget(figure="value", at_most=3), Budget(figure="growth_mib", at_most=2)),
    guards_bench(Budget(figure="value", at_most=50)),
    verify_bench(Budget(figure="value", at_least=20_000)),
    open_session_bench(Budget(figure="value", at_most=0.4)),
    remember_bench(Budget(figure="ratio", at_least=0.5)),
    memory_size_bench(),
    *recall_benches(
        vectors=Budget(figure="ratio", at_most=1.2),
        exact=Budget(figure="recall@10", at_least=0.99),
        blend=Budget(figure="ratio", at_most=3),
        as_of=Budget(figure="ratio", at_most=2),
    ),
    *graph_benches(
        fold=Budget(figure="value", at_most=20),
        load=Budget(figure="ratio", at_most=2),
        path=Budget(figure="ratio", at_most=1.2),
        idle=Budget(figure="p99_ratio", at_most=2),
        project=Budget(figure="value", at_least=10_000),
    ),
    *http_benches(
        session=Budget(figure="ratio", at_least=0.5),
        streams=Budget(figure="value", at_most=250),
    ),
    *analytics_benches(
        slowest=Budget(figure="ratio", at_most=3),  # Or a second, whichever is more.
        rate=Budget(figure="value", at_least=990),
        tail=Budget(figure="p99_ratio", at_most=2),
    ),
)
