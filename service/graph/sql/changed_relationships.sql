-- Of the relationships ($6, $7, $8) of stream $2 in partition $1, and those that ended with one of the entities $9, the
-- first $5 that weighed otherwise at version $3 than at version $4, and by which event they went.
with touched as (
  select u.source collate "C" as source, u.target collate "C" as target, u.kind collate "C" as kind
  from unnest($6::text[], $7::text[], $8::text[]) u(source, target, kind)
  union
  select ended.source, ended.target, ended.kind
  from unnest($9::text[]) u(id)
  cross join lateral (
    (select r.source, r.target, r.kind from readmodel.relationships r
    where r.partition = $1 and r.stream = $2 and r.source = u.id and r.valid_to > $4 and r.valid_to <= $3
    order by r.target, r.valid_from offset 0)
    union all
    (select r.source, r.target, r.kind from readmodel.relationships r
    where r.partition = $1 and r.stream = $2 and r.target = u.id and r.valid_to > $4 and r.valid_to <= $3
    order by r.source, r.valid_from desc offset 0)
  ) ended
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
