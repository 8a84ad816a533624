-- The entity $4 of stream $2 in partition $1 at version $3.
select e.id, e.label, e.properties
from readmodel.entities e
where e.partition = $1 and e.stream = $2 and e.id = $4
  and e.valid_from <= $3 and (e.valid_to is null or e.valid_to > $3)
order by e.valid_from desc
limit 1
