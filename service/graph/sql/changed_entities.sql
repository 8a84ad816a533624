-- Of the entities $6 of stream $2 in partition $1 the first $5 that were others at version $3 than at version $4, and
-- by which event they went.
with touched as (
  select distinct u.id collate "C" as id from unnest($6::text[]) u(id)
)
select t.id, b.label as label_before, b.properties as properties_before, a.label as label_after,
  a.properties as properties_after, went.type as went_by, went.data as went_data
from touched t
left join lateral (
  select * from readmodel.entities o
  where o.partition = $1 and o.stream = $2 and o.id = t.id
    and o.valid_from + 0 <= $4 and (o.valid_to is null or o.valid_to > $4)
  order by o.valid_from offset 0
) b on true
left join lateral (
  select * from readmodel.entities o
  where o.partition = $1 and o.stream = $2 and o.id = t.id
    and o.valid_from + 0 <= $3 and (o.valid_to is null or o.valid_to > $3)
  order by o.valid_from offset 0
) a on true
left join lateral (
  select max(l.valid_to) as version from readmodel.entities l
  where a.id is null and l.partition = $1 and l.stream = $2 and l.id = t.id and l.valid_to <= $3
) gone on true
left join eventlog.events went
  on went.partition = $1 and went.stream = $2 and went.version = gone.version
where (b.label, b.properties::text) is distinct from (a.label, a.properties::text)
order by t.id
limit $5
