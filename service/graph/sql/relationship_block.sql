-- The next $5 relationships put behind version $4 that stream $2 of partition $1 held at version $3, and that version.
select max(r.valid_from), array_agg(r.source), array_agg(r.target), array_agg(r.kind), array_agg(r.weight)
from (
  select r.valid_from, r.source, r.target, r.kind, r.weight from readmodel.relationships r
  where r.partition = $1 and r.stream = $2 and r.valid_from > $4
    and r.valid_from <= $3 and (r.valid_to is null or r.valid_to > $3)
  order by r.valid_from
  limit $5
) r
