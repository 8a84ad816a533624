"""All benches of the graph, in the order in which one ground serves them."""

from service.bench.bench import Bench, Budget
from service.bench.graph.asking import graph_idle_bench, graph_path_bench
from service.bench.graph.holding import graph_fold_bench, graph_load_bench, graph_project_bench


def graph_benches(
    *, fold: Budget, load: Budget, path: Budget, idle: Budget, project: Budget
) -> list[Bench]:
    """Each has its budget."""
    return [
        graph_fold_bench(fold),
        graph_project_bench(project),
        graph_load_bench(load),
        graph_path_bench(path),
        graph_idle_bench(idle),
    ]
