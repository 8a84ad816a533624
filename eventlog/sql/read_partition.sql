-- The events of a partition behind position $2, up to position $3: at most $4 of them and, the first apart, at most $5
-- bytes.
select position, agent_id, stream, version, event_id, type, schema_version, data, metadata, recorded_at
from (
  select e.*, sum(pg_column_size(e.data)) over (order by e.position rows unbounded preceding)
    - pg_column_size(e.data) as bytes_before
  from eventlog.events e
  where e.partition = $1 and e.position > $2 and e.position <= $3 and e.position <= $2 + $4
) s
where coalesce(bytes_before, 0) < $5
order by position
