-- The episodes that an agent remembered as of a version of its memory, the newest first.
create or replace function analytics.episodes_at(p_agent text, p_version bigint)
  returns table (
    id uuid, recorded_version bigint, happened_at timestamptz, importance float8, pinned boolean, expires_at timestamptz,
    tags text[], session text, content text, recall_count int)
  language sql stable security definer
  set search_path = pg_catalog
as $$
  select e.id, e.entry, e.timestamp, e.importance, e.pinned, e.expires_at, e.tags, e.session, e.content,
    coalesce((
      select c.recall_count from readmodel.recall_counts c
      where c.partition = e.partition and c.stream = e.stream and c.entry = e.entry and c.version <= p_version
      order by c.version desc limit 1), 0)
  from eventlog.partitions p
  join readmodel.episodes e on e.partition = p.partition and e.stream = 'memory-' || p_agent
  where e.valid_from <= p_version and (e.valid_to is null or e.valid_to > p_version)
  order by e.entry desc
$$;
