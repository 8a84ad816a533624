-- A row for each relationship that was put.
insert into relationships (
  partition, stream, source, target, kind, valid_from, valid_to, weight, altered, session, call_id)
select u.partition, u.stream, u.source, u.target, u.kind, u.version, u.valid_to, u.weight, u.altered, u.session,
  u.call_id
from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::float8[],
    $9::boolean[], $10::text[], $11::text[])
  as u(partition, stream, source, target, kind, version, valid_to, weight, altered, session, call_id)
