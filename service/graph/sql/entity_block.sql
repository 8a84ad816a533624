-- The next $5 entities behind the id $4 that stream $2 of partition $1 held at version $3, and the last id.
select max(e.id), array_agg(e.id), array_agg(e.label), array_agg(e.properties::text)
from (
  select e.id, e.label, e.properties from readmodel.entities e
  where e.partition = $1 and e.stream = $2 and e.id > $4
    and e.valid_from <= $3 and (e.valid_to is null or e.valid_to > $3)
  order by e.id
  limit $5
) e
