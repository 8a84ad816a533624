-- Whole events of stream $2 of partition $1 behind version $3 up to $4, at most $5 of them.
select partition, position, agent_id, stream, version, event_id, type, schema_version, recorded_at, metadata, data,
  salt, digest
from eventlog.events
where partition = $1 and stream = $2 and version > $3 and version <= $4
order by version
limit $5
