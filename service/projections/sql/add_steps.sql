-- A step for each completion, with its text.
insert into steps (partition, session_id, step, version, recorded_at, text, text_altered)
select u.partition, substr(u.stream, 9)::uuid, u.step, u.version, u.recorded_at, u.text, u.altered
from unnest($1::int[], $2::text[], $3::bigint[], $4::int[], $5::timestamptz[], $6::text[], $7::boolean[])
  as u(partition, stream, version, step, recorded_at, text, altered)
