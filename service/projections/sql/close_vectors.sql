-- The vectors of entries that are gone, in whatever spaces their streams have any.
with recursive gone as materialized (
  select * from unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[]) as u(partition, stream, entry, valid_to)
), spaces (partition, stream, space) as (
  select distinct g.partition, g.stream, '' from gone g
  union all
  select s.partition, s.stream, n.space from spaces s
  cross join lateral (
    select v.space from vectors v
    where v.partition = s.partition and v.stream = s.stream and v.space > s.space
    order by v.space
    limit 1
  ) n
)
update vectors v set valid_to = g.valid_to
from spaces s
join gone g on g.partition = s.partition and g.stream = s.stream
cross join lateral (
  select o.ctid from vectors o
  where o.partition = s.partition and o.stream = s.stream and o.space = s.space and o.entry = g.entry
  limit 1
) one
where v.ctid = one.ctid
