-- Which entities of stream $2 in partition $1 bore one of the names $4 at version $3: the first $5 of each, by id.
select u.name, bearer.id
from unnest($4::text[]) as u(name)
cross join lateral (
  select n.id from readmodel.entity_names n
  where n.partition = $1 and n.stream = $2 and n.name = u.name
    and n.valid_from + 0 <= $3 and (n.valid_to is null or n.valid_to > $3)
  order by n.id, n.valid_from
  limit $5
) bearer
