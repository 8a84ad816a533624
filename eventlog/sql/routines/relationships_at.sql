-- The relationships that an agent knew of as of a version of its graph, in the order of their ends.
create or replace function analytics.relationships_at(p_agent text, p_version bigint)
  returns table (source text, kind text, target text, weight float8, since_version bigint)
  language sql stable security definer
  set search_path = pg_catalog
as $$
  select r.source, r.kind, r.target, r.weight, r.valid_from
  from eventlog.partitions p
  join readmodel.relationships r on r.partition = p.partition and r.stream = 'graph-' || p_agent
  where r.valid_from <= p_version and (r.valid_to is null or r.valid_to > p_version)
  order by r.source, r.target, r.kind
$$;
