-- Entries of working memory that were used, and those that were written anew or removed.
update working_memory w set valid_to = u.valid_to, used_version = coalesce(u.used_version, w.used_version)
from unnest($1::int[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
  as u(partition, stream, key, used_version, valid_to)
cross join lateral (
  select l.ctid from working_memory l
  where l.partition = u.partition and l.stream = u.stream and l.key = u.key
  order by l.valid_from desc
  limit 1
) last
where w.ctid = last.ctid and w.valid_to is null
