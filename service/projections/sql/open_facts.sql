-- A row for each fact that was stored.
insert into facts (
  partition, stream, key, valid_from, valid_to, entry, id, recorded_at, expires_at, words, altered, session, call_id,
  tags, value)
select u.partition, u.stream, u.key, u.entry, u.valid_to, u.entry, u.id, u.recorded_at, u.expires_at, u.words, u.altered,
  u.session, u.call_id, array(select json_array_elements_text(u.tags::json)), u.value
from unnest($1::int[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::uuid[], $7::timestamptz[],
    $8::timestamptz[], $9::int[], $10::boolean[], $11::text[], $12::text[], $13::text[], $14::text[])
  as u(partition, stream, entry, key, valid_to, id, recorded_at, expires_at, words, altered, session, call_id, tags, value)
