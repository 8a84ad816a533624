-- The entries of a stream, as of a version, that a question may be answered with; what has expired by p_at is none.
--   p_kinds          `episode`, `fact`
--   p_tags           tags that an entry must have: all of them, or (p_any_tag) one; empty asks for none
--   p_since, p_until when it happened; null for any time
--   p_importance     the least importance, halved every p_half_life_hours up to p_at; null for any
create or replace function readmodel.allowed(
  p_partition int, p_stream text, p_version bigint, p_at timestamptz, p_kinds text[], p_tags text[], p_any_tag boolean,
  p_since timestamptz, p_until timestamptz, p_importance float8, p_half_life_hours float8
) returns bigint[]
  language plpgsql stable
  set search_path = pg_catalog
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
as $$
begin
  return (
    select coalesce(array_agg(a.entry), '{}')
    from (
      select e.entry, e.importance, e.timestamp as happened, e.tags, e.expires_at from readmodel.episodes e
      where e.partition = p_partition and e.stream = p_stream and 'episode' = any (p_kinds)
        and e.valid_from <= p_version and (e.valid_to is null or e.valid_to > p_version)
      union all
      select f.entry, 0.5, f.recorded_at, f.tags, f.expires_at from readmodel.facts f
      where f.partition = p_partition and f.stream = p_stream and 'fact' = any (p_kinds)
        and f.valid_from <= p_version and (f.valid_to is null or f.valid_to > p_version)
    ) a
    where (a.expires_at is null or a.expires_at > p_at)
      and (p_since is null or a.happened >= p_since)
      and (p_until is null or a.happened <= p_until)
      and (cardinality(p_tags) = 0 or case when p_any_tag then a.tags && p_tags else a.tags @> p_tags end)
      and (p_importance is null or round(p_importance * 1e6) <= round(1e6
        * case when a.importance < 1e-100::float8 then 0 else a.importance end
        * readmodel.faded(extract(epoch from p_at - a.happened)::float8 / 3600, p_half_life_hours)))
  );
end;
$$;
