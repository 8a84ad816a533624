-- The {most} entries nearest to $1 by one agent's own index, if the rows still stand at version $2: it knows what is
-- live now and nothing else. The names in braces are written out. The settings are made before the scan begins, which
-- needs its limit, and last for this statement.
select n.entry, round((1 + n.distance) * 1e6) / 1e6 as distance
from (
  select set_config('hnsw.ef_search', '{looked_at}', true), set_config('hnsw.iterative_scan', 'relaxed_order', true),
    {most} as most
  from readmodel.heads h
  where h.partition = {partition} and h.projection = 'memory' and h.stream = {stream} and h.version = $2
  offset 0
) s
cross join lateral (
  select entry, (embedding::vector({dimensions})) <#> ($1::vector)::vector({dimensions}) as distance
  from readmodel.vectors
  where partition = {partition} and stream = {stream} and space = {space} and valid_to is null
    and vector_dims(embedding) = {dimensions}
  order by (embedding::vector({dimensions})) <#> ($1::vector)::vector({dimensions})
  limit s.most
) n
order by n.distance + 0, n.entry
