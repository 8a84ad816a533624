-- Nothing is said any more of whether these entries wait for a vector.
delete from unembedded w
using unnest($1::int[], $2::text[], $3::bigint[]) as u(partition, stream, entry)
cross join lateral (
  select o.ctid from unembedded o
  where o.partition = u.partition and o.stream = u.stream and o.entry = u.entry
  limit 1
) one
where w.ctid = one.ctid
