-- A row for each session that was started.
insert into sessions (
  partition, id, agent_id, status, prompt, model, version, started_version, steps,
  input_tokens, output_tokens, cached_tokens, started_at, updated_at, prompt_altered, answer_altered)
select u.partition, substr(u.stream, 9)::uuid, u.agent_id, 'running', u.prompt, u.model, u.version, u.version, 0,
  0, 0, 0, u.recorded_at, u.recorded_at, u.altered, false
from unnest($1::int[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::boolean[])
  as u(partition, stream, version, recorded_at, agent_id, prompt, model, altered)
