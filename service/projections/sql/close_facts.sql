-- Facts that were superseded or removed.
update facts f set valid_to = u.version
from unnest($1::int[], $2::text[], $3::bigint[], $4::text[]) as u(partition, stream, version, key)
cross join lateral (
  select l.ctid from facts l
  where l.partition = u.partition and l.stream = u.stream and l.key = u.key
  order by l.valid_from desc
  limit 1
) last
where f.ctid = last.ctid and f.valid_to is null
returning f.partition, f.stream, f.entry, f.valid_to, f.words
