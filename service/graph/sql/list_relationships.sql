-- Relationships that stream $2 of partition $1 held at version $3, behind ($4, $5, $6), at most $7 in the order of both
-- ends and kind; of the kinds $8, if any are given.
select r.source, r.target, r.kind, r.weight
from readmodel.relationships r
where r.partition = $1 and r.stream = $2
  and (r.source, r.target) >= ($4, $5) and (r.source, r.target, r.kind) > ($4, $5, $6)
  and r.valid_from + 0 <= $3 and (r.valid_to is null or r.valid_to > $3)
  and ($8::text[] is null or r.kind = any ($8))
order by r.source, r.target, r.kind
limit $7
