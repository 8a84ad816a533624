-- Which of some entities are live.
select u.partition, u.stream, u.id
from unnest($1::int[], $2::text[], $3::text[]) as u(partition, stream, id)
cross join lateral (
  select e.valid_to from entities e
  where e.partition = u.partition and e.stream = u.stream and e.id = u.id
  order by e.valid_from desc
  limit 1
) last
where last.valid_to is null
