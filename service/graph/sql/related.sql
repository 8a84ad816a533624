-- The relationships from each of $4 to the one of $5 beside it that stream $2 of partition $1 held at version $3.
select r.source, r.target, r.kind, r.weight
from unnest($4::text[], $5::text[]) as u(source, target)
cross join lateral (
  select r.source, r.target, r.kind, r.weight from readmodel.relationships r
  where r.partition = $1 and r.stream = $2 and r.source = u.source and r.target = u.target
    -- The sum keeps the planner from the primary key where it knows nothing of the table yet.
    and r.valid_from + 0 <= $3 and (r.valid_to is null or r.valid_to > $3)
  offset 0
) r
