-- The entities that an agent knew of as of a version of its graph, in the order of their ids.
create or replace function analytics.entities_at(p_agent text, p_version bigint)
  returns table (id text, label text, properties json, since_version bigint)
  language sql stable security definer
  set search_path = pg_catalog
as $$
  select e.id, e.label, e.properties, e.valid_from
  from eventlog.partitions p
  join readmodel.entities e on e.partition = p.partition and e.stream = 'graph-' || p_agent
  where e.valid_from <= p_version and (e.valid_to is null or e.valid_to > p_version)
  order by e.id
$$;
