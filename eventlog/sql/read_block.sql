-- The events of partition $1 behind position $2: at most $3 of them and, the first apart, at most $4 bytes of data.
--   $5  the types that are wanted, null for all; the others come without data, so that no position is left out
--   $6  the projection whose parked streams are not wanted, null for none
select position, agent_id, stream, version, event_id, type, schema_version,
  case when wanted then data end as data, case when wanted then metadata end as metadata, recorded_at, wanted, parked
from (
  select b.*, sum(b.bytes) over (order by b.position rows unbounded preceding) - b.bytes as bytes_before
  from (
    select w.*, case when w.wanted then coalesce(octet_length(w.data::text), 0) else 0 end as bytes
    from (
      select e.*, p.stream is not null as parked,
        p.stream is null and ($5::text[] is null or e.type = any ($5::text[])) as wanted
      from eventlog.events e
      left join eventlog.parked p
        on p.partition = e.partition and p.projection = $6::text and p.stream = e.stream
      where e.partition = $1 and e.position > $2 and e.position <= $2 + $3
    ) w
  ) b
) s
where bytes_before < $4
order by position
