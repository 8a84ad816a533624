-- The facts that an agent held as of a version of its memory, in the order of their keys.
create or replace function analytics.facts_at(p_agent text, p_version bigint)
  returns table (
    key text, value text, id uuid, recorded_version bigint, recorded_at timestamptz, expires_at timestamptz, tags text[],
    session text)
  language sql stable security definer
  set search_path = pg_catalog
as $$
  select f.key, f.value, f.id, f.entry, f.recorded_at, f.expires_at, f.tags, f.session
  from eventlog.partitions p
  join readmodel.facts f on f.partition = p.partition and f.stream = 'memory-' || p_agent
  where f.valid_from <= p_version and (f.valid_to is null or f.valid_to > p_version)
  order by f.key
$$;
