-- The event of partition $1 whose id is $2, if it stands in stream $3.
select position, agent_id, stream, version, event_id, type, schema_version, data, metadata, recorded_at
from eventlog.events
where partition = $1 and event_id = $2 and stream = $3
