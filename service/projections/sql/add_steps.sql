-- A step for each completion, with its text.
insert into steps (partition, session_id, agent_id, version, recorded_at, step, text, text_altered)
select u.partition, substr(u.stream, 9)::uuid, u.agent_id, u.version, u.recorded_at, u.step, u.text, u.altered
from unnest($1::int[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::int[], $7::text[], $8::boolean[])
  as u(partition, stream, version, agent_id, recorded_at, step, text, altered)
