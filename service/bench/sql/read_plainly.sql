-- The whole of partition 0 by position, with what our own reader gives.
select position, agent_id, stream, version, event_id, type, schema_version, data, metadata, recorded_at
from eventlog.events
where partition = 0
order by position
