-- What each completion took; what it cost, once there are prices.
insert into completions (
  partition, session_id, step, version, latency_ms, cost, input_tokens, output_tokens,
  cached_tokens, model, stop_reason)
select u.partition, substr(u.stream, 9)::uuid, u.step, u.version, u.latency_ms, u.cost,
  u.input_tokens, u.output_tokens, u.cached_tokens, u.model, u.stop_reason
from unnest($1::int[], $2::text[], $3::bigint[], $4::int[], $5::float8[], $6::float8[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::text[], $11::text[])
  as u(partition, stream, version, step, latency_ms, cost, input_tokens, output_tokens, cached_tokens, model,
    stop_reason)
