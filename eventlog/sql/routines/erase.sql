-- Takes data and salt of some of a stream's events away for good and appends the `events_erased` that says so.
-- Digests stay, and what is no event of that stream is left out; so are earlier `events_erased`, the record of erasures.
-- The event comes ready made: id, metadata, data, and a salt of 16 bytes. Asked again with the same id, nothing is
-- appended twice. Gives the version of `events_erased`, and how many events lost their data this time.
create or replace function eventlog.erase(
  p_partition int, p_agent text, p_stream text, p_versions bigint[],
  p_event_id uuid, p_schema_version smallint, p_metadata text, p_data text, p_salt bytea,
  out version bigint, out erased bigint
)
  language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform from eventlog.partitions p where p.partition = p_partition for update;  -- the lock that an append takes

  perform set_config('agent_runtime.erasing', 'on', true);
  update eventlog.events e set data = null, salt = null
  where e.partition = p_partition and e.stream = p_stream and e.version = any (p_versions)
    and e.agent_id = p_agent and e.type <> 'events_erased' and (e.data is not null or e.salt is not null);
  get diagnostics erased = row_count;
  perform set_config('agent_runtime.erasing', 'off', true);

  select e.version into version from eventlog.events e
  where e.partition = p_partition and e.stream = p_stream and e.event_id = p_event_id;
  if version is null then
    select a.heads[1] + 1 into version from eventlog.append(
      p_partition => p_partition, p_part_members => array[1], p_part_agents => array[p_agent],
      p_part_streams => array[p_stream], p_part_expected => array[-1]::bigint[], p_part_epochs => array[null]::int[],
      p_part_counts => array[1], p_part_starts => array[0], p_part_metadata => array[p_metadata],
      p_parts => array[1], p_event_ids => array[p_event_id], p_types => array['events_erased'],
      p_schema_versions => array[p_schema_version], p_data => array[p_data], p_salts => p_salt) a;
  end if;
end;
$$;
