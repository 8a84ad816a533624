-- The relationships among the entities $4 that stream $2 of partition $1 held at version $3; all of each are looked at.
select r.source, r.target, r.kind, r.weight
from unnest($4::text[]) as u(id)
cross join lateral (
  select r.source, r.target, r.kind, r.weight from readmodel.relationships r
  where r.partition = $1 and r.stream = $2 and r.source = u.id
    and r.valid_from + 0 <= $3 and (r.valid_to is null or r.valid_to > $3)
  order by r.target, r.valid_from
  offset 0
) r
where (r.target in (select unnest($4::text[]))) is true -- So that it is hashed, once.
