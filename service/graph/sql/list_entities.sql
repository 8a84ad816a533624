-- Entities that stream $2 of partition $1 held at version $3, behind the id $4, at most $5 in the order of ids; of the
-- labels $6, if any are given.
select e.id, e.label, e.properties
from readmodel.entities e
where e.partition = $1 and e.stream = $2 and e.id > $4
  and e.valid_from <= $3 and (e.valid_to is null or e.valid_to > $3)
  and ($6::text[] is null or e.label = any ($6))
order by e.id
limit $5
