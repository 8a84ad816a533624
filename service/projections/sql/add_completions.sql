-- What each completion took; what it cost, once there are prices.
insert into completions (
  partition, session_id, agent_id, version, recorded_at, step, latency_ms, cost, input_tokens, output_tokens,
  cached_tokens, model, stop_reason)
select u.partition, substr(u.stream, 9)::uuid, u.agent_id, u.version, u.recorded_at, u.step, u.latency_ms, u.cost,
  u.input_tokens, u.output_tokens, u.cached_tokens, u.model, u.stop_reason
from unnest($1::int[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::int[], $7::float8[], $8::float8[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[])
  as u(partition, stream, version, agent_id, recorded_at, step, latency_ms, cost, input_tokens, output_tokens,
    cached_tokens, model, stop_reason)
