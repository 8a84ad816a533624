-- The relationships among the entities $4 that stream $2 of partition $1 held at version $3; each pair is looked up.
select r.source, r.target, r.kind, r.weight
from unnest($4::text[]) as s(id)
cross join unnest($4::text[]) as t(id)
cross join lateral (
  select r.source, r.target, r.kind, r.weight from readmodel.relationships r
  where r.partition = $1 and r.stream = $2 and r.source = s.id and r.target = t.id
    and r.valid_from + 0 <= $3 and (r.valid_to is null or r.valid_to > $3)
  offset 0
) r
