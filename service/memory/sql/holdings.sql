-- What stream $2 of partition $1 holds by its rows, and the version that they have come to.
select
  coalesce((
    select h.version from readmodel.heads h
    where h.partition = $1 and h.projection = 'memory' and h.stream = $2), 0) as version,
  (
    select vector_dims(v.embedding) from readmodel.vectors v
    where v.partition = $1 and v.stream = $2 and v.space = 'given'
    order by v.entry limit 1) as dimensions,
  e.*, f.*, w.*
from (
  select array_agg(id) as ids, array_agg(entry) as entries, array_agg(importance) as importances,
    array_agg("timestamp") as timestamps, array_agg(pinned) as pinned, array_agg(expires_at) as expiries
  from readmodel.episodes
  where partition = $1 and stream = $2 and valid_to is null
) e, (
  select array_agg(key) as fact_keys, array_agg(id) as fact_ids
  from readmodel.facts
  where partition = $1 and stream = $2 and valid_to is null
) f, (
  select array_agg(key order by used_version) as working_keys, array_agg(value order by used_version) as working_values
  from readmodel.working_memory
  where partition = $1 and stream = $2 and valid_to is null
) w
