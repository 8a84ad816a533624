-- The newest definition in stream $2 of partition $1 that was not erased.
select position, agent_id, stream, version, event_id, type, schema_version, data, metadata, recorded_at
from eventlog.events
where partition = $1 and stream = $2 and type = 'agent_defined' and data is not null
order by version desc
limit 1
