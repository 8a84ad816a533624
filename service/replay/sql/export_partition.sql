-- Whole events of partition $1 behind position $2 up to $3, of agent $4 alone where it is not null, at most $5 of them.
select partition, position, agent_id, stream, version, event_id, type, schema_version, recorded_at, metadata, data,
  salt, digest
from eventlog.events
where partition = $1 and position > $2 and position <= $3 and (agent_id = $4::text or $4::text is null)
order by position
limit $5
