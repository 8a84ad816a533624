-- The entries of a stream nearest to a vector, as of a version, by exact scan: at most p_most, the nearest first and of
-- equals the older. p_allowed, if not null, are the entries that may be given.
-- Where the rows stand now, what is live is all there is. As of an earlier version, it is read apart from what was live
-- then and has ended since, each by an index of its own. What is rounded, to 1e-6, fits no index on nearness, which
-- would leave some out. Vectors are of length one; where they have other dimensions than p_vector, none is near.
create or replace function readmodel.near(
  p_partition int, p_stream text, p_space text, p_vector real[], p_version bigint, p_allowed bigint[], p_most int
) returns table (entry bigint, distance float8)
  language plpgsql stable
  set search_path = pg_catalog, public
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_mergejoin = off
  set enable_nestloop = off
  set max_parallel_workers_per_gather = 0
  set work_mem = '64MB'
as $$
#variable_conflict use_column
declare
  v_vector vector := p_vector;
begin
  if cardinality(p_vector) <> (
    select vector_dims(embedding) from readmodel.vectors
    where partition = p_partition and stream = p_stream and space = p_space
    order by entry
    limit 1
  ) then
    return;
  end if;

  if p_allowed is null and p_version >= (
    select h.version from readmodel.heads h
    where h.partition = p_partition and h.projection = 'memory' and h.stream = p_stream
  ) then
    return query
    select entry, round((1 + (embedding <#> v_vector)) * 1e6) / 1e6 as distance from readmodel.vectors
    where partition = p_partition and stream = p_stream and space = p_space and valid_to is null
    order by distance, entry
    limit p_most;
  elsif p_allowed is null then
    return query
    select v.entry, v.distance
    from (
      select entry, round((1 + (embedding <#> v_vector)) * 1e6) / 1e6 as distance from readmodel.vectors
      where partition = p_partition and stream = p_stream and space = p_space
        and valid_to is null and valid_from <= p_version
      union all
      select entry, round((1 + (embedding <#> v_vector)) * 1e6) / 1e6 from readmodel.vectors
      where partition = p_partition and stream = p_stream and space = p_space
        and valid_to > p_version and valid_from <= p_version
    ) v
    order by v.distance, v.entry
    limit p_most;
  else
    return query
    select v.entry, v.distance
    from (
      select v.entry, round((1 + (v.embedding <#> v_vector)) * 1e6) / 1e6 as distance
      from unnest(p_allowed) a (entry)
      join readmodel.vectors v on v.entry = a.entry
      where v.partition = p_partition and v.stream = p_stream and v.space = p_space
        and v.valid_from <= p_version and (v.valid_to is null or v.valid_to > p_version)
    ) v
    order by v.distance, v.entry
    limit p_most;
  end if;
end;
$$;
