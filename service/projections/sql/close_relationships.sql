-- Relationships that were changed or removed, by themselves or with an end that the batch names beside them.
update relationships r set valid_to = u.version
from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
  as u(partition, stream, source, target, kind, version)
cross join lateral (
  select l.ctid from relationships l
  where l.partition = u.partition and l.stream = u.stream and l.source = u.source and l.target = u.target
    and l.kind = u.kind
  order by l.valid_from desc
  limit 1
) last
where r.ctid = last.ctid and r.valid_to is null
