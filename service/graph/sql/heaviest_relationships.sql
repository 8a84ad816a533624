-- The $5 heaviest relationships from or to each of the entities $4 that stream $2 of partition $1 held at version $3;
-- of the kinds $6, if any are given.
select distinct r.source, r.target, r.kind, r.weight
from unnest($4::text[]) as u(id)
cross join lateral (
  select touching.* from (
    (select o.source, o.target, o.kind, o.weight from readmodel.relationships o
    where o.partition = $1 and o.stream = $2 and o.source = u.id
      and ($6::text[] is null or o.kind = any ($6))
      and o.valid_from + 0 <= $3 and (o.valid_to is null or o.valid_to > $3)
    order by o.target, o.valid_from offset 0)
    union all
    (select i.source, i.target, i.kind, i.weight from readmodel.relationships i
    where i.partition = $1 and i.stream = $2 and i.target = u.id and i.source <> u.id
      and ($6::text[] is null or i.kind = any ($6))
      and i.valid_from + 0 <= $3 and (i.valid_to is null or i.valid_to > $3)
    order by i.source, i.valid_from desc offset 0)
  ) touching
  order by weight desc, kind, source, target
  limit $5
) r
