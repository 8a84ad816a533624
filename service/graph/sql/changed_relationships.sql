-- The first $5 relationships of stream $2 in partition $1 that weighed otherwise at version $3 than at version $4, and
-- by which event they went.
with touched as (
  select distinct source, target, kind from readmodel.relationships
  where partition = $1 and stream = $2
    and (valid_from > $4 and valid_from <= $3 or valid_to > $4 and valid_to <= $3)
)
select t.source, t.target, t.kind, b.weight as weight_before, a.weight as weight_after, went.type as went_by,
  went.data as went_data
from touched t
left join lateral (
  select * from readmodel.relationships o
  where o.partition = $1 and o.stream = $2 and o.source = t.source and o.target = t.target and o.kind = t.kind
    and o.valid_from + 0 <= $4 and (o.valid_to is null or o.valid_to > $4)
  order by o.valid_from offset 0
) b on true
left join lateral (
  select * from readmodel.relationships o
  where o.partition = $1 and o.stream = $2 and o.source = t.source and o.target = t.target and o.kind = t.kind
    and o.valid_from + 0 <= $3 and (o.valid_to is null or o.valid_to > $3)
  order by o.valid_from offset 0
) a on true
left join lateral (
  select max(l.valid_to) as version from readmodel.relationships l
  where a.kind is null and l.partition = $1 and l.stream = $2 and l.source = t.source and l.target = t.target
    and l.kind = t.kind and l.valid_to <= $3
) gone on true
left join eventlog.events went
  on went.partition = $1 and went.stream = $2 and went.version = gone.version
where b.weight is distinct from a.weight
order by t.source, t.target, t.kind
limit $5
