-- Every live entry of some streams.
select u.partition, u.stream, t.entry
from unnest($1::int[], $2::text[]) as u(partition, stream)
cross join lateral (
  select e.entry from episodes e where e.partition = u.partition and e.stream = u.stream and e.valid_to is null
  union all
  select f.entry from facts f where f.partition = u.partition and f.stream = u.stream and f.valid_to is null
  offset 0
) t
