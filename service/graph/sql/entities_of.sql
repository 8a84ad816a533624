-- Those of the entities $4 that stream $2 of partition $1 held at version $3.
select u.id, found.label, found.properties
from unnest($4::text[]) as u(id)
cross join lateral (
  select e.label, e.properties, e.valid_to from readmodel.entities e
  where e.partition = $1 and e.stream = $2 and e.id = u.id and e.valid_from <= $3
  order by e.valid_from desc
  limit 1
) found
where found.valid_to is null or found.valid_to > $3
