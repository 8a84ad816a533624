-- The events of a stream behind version $3, up to version $4: at most $5 of them and, the first apart, at most $6 bytes.
select position, agent_id, stream, version, event_id, type, schema_version, data, metadata, recorded_at
from (
  select e.*, sum(e.bytes) over (order by e.version rows unbounded preceding) - e.bytes as bytes_before
  from (select *, coalesce(pg_column_size(data), 0) as bytes from eventlog.events) e
  where e.partition = $1 and e.stream = $2 and e.version > $3 and e.version <= $4 and e.version <= $3 + $5
) s
where bytes_before < $6
order by version
