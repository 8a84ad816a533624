-- Which of some entries wait for a vector: those that are live and have none in the active space.
insert into unembedded (partition, stream, entry)
select u.partition, u.stream, u.entry
from unnest($1::int[], $2::text[], $3::bigint[]) as u(partition, stream, entry)
where coalesce(
  (select e.valid_to is null from episodes e
   where e.partition = u.partition and e.stream = u.stream and e.entry = u.entry
   order by e.valid_from desc
   limit 1),
  (select f.valid_to is null from facts f
   where f.partition = u.partition and f.stream = u.stream and f.entry = u.entry
   order by f.valid_from desc
   limit 1)
) and (
  select true from vectors v
  where v.partition = u.partition and v.stream = u.stream and v.entry = u.entry and v.space = (
    select m.space from memory_spaces m
    where m.partition = u.partition and m.stream = u.stream
    order by m.valid_from desc
    limit 1)
  limit 1
) is null
