-- Spaces that others took the place of.
update memory_spaces m set valid_to = u.version
from unnest($1::int[], $2::text[], $3::bigint[]) as u(partition, stream, version)
cross join lateral (
  select l.ctid from memory_spaces l
  where l.partition = u.partition and l.stream = u.stream
  order by l.valid_from desc
  limit 1
) last
where m.ctid = last.ctid
