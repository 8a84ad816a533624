-- Appends a batch to one partition in one commit, with one outcome per member; never raises for a member.
--
-- A member is one or several parts, all or nothing; a part is what one stream gets. Members, parts and events are
-- numbered from 1 and given in order; a batch holds a stream at most once.
--   p_part_*    one value per part: its member, agent, stream, metadata, expected version (-1: at the head), lease epoch
--               or null, number of events, and number of events before it in the batch
--   p_*         one value per event: its part, id, type, schema version, data
--   p_salts     16 bytes per event
-- Gives the position before the batch, when it was recorded, and per part the stream's head and lease epoch before it,
-- and the number of events accepted before it; null there means that its member was refused.
--
-- A stream begins with version 1; one that begins with `session_forked`, behind the version that this rests on: it goes
-- on in its parent's numbers.
--
-- The partition's row is locked first and to commit: so positions are dense and in commit order, and every statement
-- below sees all that was committed before. `offset 0` keeps a look-up what it is, one descent of an index per part,
-- however wrong the planner's statistics; `eventlog/plans.py` does the rest.
create or replace function eventlog.append(
  p_partition int,
  p_part_members int[], p_part_agents text[], p_part_streams text[], p_part_metadata text[], p_part_expected bigint[],
  p_part_epochs int[], p_part_counts int[], p_part_starts int[],
  p_parts int[], p_event_ids uuid[], p_types text[], p_schema_versions smallint[], p_data text[], p_salts bytea,
  out "position" bigint, out recorded_at timestamptz, out heads bigint[], out epochs int[], out starts int[]
)
  language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
  v_count int := cardinality(p_event_ids);
  v_recorded_us bigint;
  v_refused int[];
begin
  update eventlog.partitions p set position = p.position + v_count
  where p.partition = p_partition
  returning p.position - v_count into strict position;
  recorded_at := clock_timestamp();  -- Not our own clock: no session may set the time of an event.
  v_recorded_us := extract(epoch from recorded_at) * 1000000;
  starts := p_part_starts;

  select array_agg(coalesce(s.version, u.base) order by u.n), array_agg(coalesce(s.epoch, 0) order by u.n),
    array_agg(u.member) filter (where
      u.expected <> -1 and u.expected <> coalesce(s.version, u.base)
      or u.epoch < s.epoch
      or u.expected = -1 and exists (
        select from eventlog.events e
        where e.partition = p_partition and e.event_id = p_event_ids[u.start + 1] and e.stream not like 'session-%'
        offset 0))
  into heads, epochs, v_refused
  from (
    select t.*, case when p_types[t.start + 1] = 'session_forked' then greatest(t.expected, 0) else 0 end as base
    from unnest(p_part_members, p_part_streams, p_part_expected, p_part_epochs, p_part_starts)
      with ordinality t(member, stream, expected, epoch, start, n)
  ) u
  left join lateral (
    select h.version, h.epoch from eventlog.streams h where h.partition = p_partition and h.stream = u.stream offset 0
  ) s on true;

  if v_refused is not null then
    select array_agg(case when a.accepted > 0 then a.before end order by a.n), coalesce(sum(a.accepted), 0)
    into starts, v_count
    from (
      select u.n, u.accepted, sum(u.accepted) over (order by u.n) - u.accepted as before
      from (
        select r.n, case when r.member = any (v_refused) then 0 else r.count end as accepted
        from unnest(p_part_members, p_part_counts) with ordinality r(member, count, n)
      ) u
    ) a;
    update eventlog.partitions p set position = append.position + v_count where p.partition = p_partition;
  end if;

  insert into eventlog.streams (partition, stream, version, epoch)
  select p_partition, u.stream, heads[u.n] + u.count, greatest(epochs[u.n], u.epoch)
  from unnest(p_part_streams, p_part_counts, p_part_epochs) with ordinality u(stream, count, epoch, n)
  where starts[u.n] is not null
  on conflict (partition, stream) do update set version = excluded.version, epoch = excluded.epoch;

  insert into eventlog.events (
    partition, position, agent_id, stream, version, event_id, type, schema_version, data, metadata, salt, digest,
    recorded_at)
  select p_partition, append.position + starts[u.part] + u.place, p_part_agents[u.part], p_part_streams[u.part],
    heads[u.part] + u.place, u.event_id, u.type, u.schema_version, u.data::json, p_part_metadata[u.part]::json, u.salt,
    eventlog.digest(u.salt, p_part_streams[u.part], heads[u.part] + u.place, u.event_id, u.type, u.schema_version,
      v_recorded_us, p_part_metadata[u.part], u.data),
    append.recorded_at
  from (
    select e.*, e.n - p_part_starts[e.part] as place, substr(p_salts, e.n::int * 16 - 15, 16) as salt
    from unnest(p_parts, p_event_ids, p_types, p_schema_versions, p_data)
      with ordinality e(part, event_id, type, schema_version, data, n)
  ) u
  where starts[u.part] is not null;
end;
$$;
