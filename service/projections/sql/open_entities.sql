-- A row for each entity that was put.
insert into entities (
  partition, stream, id, valid_from, valid_to, label, properties, altered, session, call_id)
select u.partition, u.stream, u.id, u.version, u.valid_to, u.label, u.properties::json, u.altered, u.session, u.call_id
from unnest($1::int[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::boolean[],
    $9::text[], $10::text[])
  as u(partition, stream, id, version, valid_to, label, properties, altered, session, call_id)
