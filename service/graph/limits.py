"""How much a graph may hold, and how much one question may take; units stand in the names."""

from typing import Final

ENTITIES_MAX: Final = 1_000_000
RELATIONSHIPS_MAX: Final = 5_000_000
"""An agent's graph is refused more than this; it would take about 2 GB."""

SOURCES_TIMES_SIZE_MAX: Final = 60_000_000
"""Betweenness looks at the whole graph from each source: half a minute of one core, or a few."""

CYCLE_STEPS_MAX: Final = 10_000_000
"""Steps of a search for cycles, of which there may be more than atoms: about ten seconds."""

CLOSURE_ENTITIES_MAX: Final = 10_000
CLOSURE_PAIRS_MAX: Final = 1_000_000
"""All that is reachable from each entity grows with the square of the graph."""

SUBGRAPH_RELATIONSHIPS_MAX: Final = 100_000
"""What one answer may hold."""

DESCRIBED_RELATIONSHIPS_MAX: Final = 20
"""Of those that come with an entity's description, where a model asks for it."""

HOPS_TOLD_MAX: Final = 50
"""Of a longer path a model is told the first ones, and how many there are."""
