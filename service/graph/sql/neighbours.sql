-- What the entity $4 of stream $2 in partition $1 related to at version $3 ($5: out), and what related to it ($6: in):
-- the first $9, of the kinds $7 and the labels $8, if any are given. It is its own neighbour, whatever its label.
select found.id, other.label, found.direction, found.kind, found.weight
from (
  (select r.target as id, 'out' as direction, r.kind, r.weight from readmodel.relationships r
  where $5 and r.partition = $1 and r.stream = $2 and r.source = $4
    and r.valid_from + 0 <= $3 and (r.valid_to is null or r.valid_to > $3)
    and ($7::text[] is null or r.kind = any ($7))
  order by r.target, r.valid_from offset 0)
  union all
  (select r.source, 'in', r.kind, r.weight from readmodel.relationships r
  where $6 and r.partition = $1 and r.stream = $2 and r.target = $4
    and r.valid_from + 0 <= $3 and (r.valid_to is null or r.valid_to > $3)
    and ($7::text[] is null or r.kind = any ($7))
  order by r.source, r.valid_from desc offset 0)
) found
cross join lateral (
  select e.label from readmodel.entities e
  where e.partition = $1 and e.stream = $2 and e.id = found.id
    and e.valid_from <= $3 and (e.valid_to is null or e.valid_to > $3)
  order by e.valid_from desc
  limit 1
) other
where $8::text[] is null or found.id = $4 or other.label = any ($8)
order by found.id, found.direction, found.kind
limit $9
