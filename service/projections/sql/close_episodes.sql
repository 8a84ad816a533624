-- Episodes that were evicted or forgotten.
update episodes e set valid_to = u.version
from unnest($1::int[], $2::text[], $3::bigint[], $4::uuid[]) as u(partition, stream, version, id)
cross join lateral (
  select l.ctid from episodes l
  where l.partition = u.partition and l.stream = u.stream and l.id = u.id
  order by l.valid_from desc
  limit 1
) last
where e.ctid = last.ctid and e.valid_to is null
returning e.partition, e.stream, e.entry, e.valid_to, e.words
