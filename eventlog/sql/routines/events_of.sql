-- The events of a stream behind a version, in order, as in analytics.events; found by an index, whatever the partition.
create or replace function analytics.events_of(p_stream text, p_after bigint default 0)
  returns table (
    version bigint, "position" bigint, type text, schema_version smallint, recorded_at timestamptz, data json,
    metadata json, event_id uuid)
  language sql stable security definer
  set search_path = pg_catalog
as $$
  select e.version, e.position, e.type, e.schema_version, e.recorded_at, e.data, e.metadata, e.event_id
  from eventlog.partitions p
  join eventlog.events e on e.partition = p.partition and e.stream = p_stream and e.version > p_after
  order by e.version
$$;
