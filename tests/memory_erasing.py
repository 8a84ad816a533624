"""Erases events of a memory, as the owner of the log does."""

from eventlog.database import Database
from schema import json_text
from schema.envelope import Metadata
from schema.events import EventsErased
from schema.ids import memory_stream, partition_of, uuid7

ERASE = "select eventlog.erase($1, $2, $3, $4, $5, $6::smallint, $7, $8, $9)"


async def erase(database: Database, agent_id: str, *versions: int) -> None:
    owner = await database.connect_as_owner()
    partitions = await owner.fetchval("select count(*) from eventlog.partitions")
    fact = EventsErased(versions=versions, reason="asked for")
    await owner.execute(
        ERASE,
        *(partition_of(agent_id, partitions), agent_id, memory_stream(agent_id), list(versions)),
        *(
            uuid7(),
            fact.schema_version,
            json_text.encode(Metadata()),
            json_text.encode(fact),
            b"0" * 16,
        ),
    )
    await owner.close()
