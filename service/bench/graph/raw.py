"""The same graphs as the library has them: what our own are measured against."""

from typing import Final

import networkx as nx

from eventlog.database import Conn
from eventlog.statements import statement

ENTITIES: Final = statement("service.bench", "raw_entities")
RELATIONSHIPS: Final = statement("service.bench", "raw_relationships")


async def load(conn: Conn, stream: str) -> "nx.DiGraph[str]":
    """The library's graph of the rows of *stream*, made at once."""
    entities = await conn.fetch(ENTITIES, stream)
    relationships = await conn.fetch(RELATIONSHIPS, stream)
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from((row["id"], {"label": row["label"]}) for row in entities)
    graph.add_weighted_edges_from(map(tuple, relationships))
    return graph
