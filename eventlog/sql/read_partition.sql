-- The events of a partition behind position $2, up to position $3: at most $4 of them and, the first apart, at most $5
-- bytes.
select position, agent_id, stream, version, event_id, type, schema_version, data, metadata, recorded_at
from (
  select e.*, sum(e.bytes) over (order by e.position rows unbounded preceding) - e.bytes as bytes_before
  from (select *, coalesce(pg_column_size(data), 0) as bytes from eventlog.events) e
  where e.partition = $1 and e.position > $2 and e.position <= $3 and e.position <= $2 + $4
) s
where bytes_before < $5
order by position
