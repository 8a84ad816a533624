-- Every event brings its session on: its version, its time, and what a completion adds up to.
update sessions as s
set version = c.version, updated_at = c.updated_at, steps = s.steps + c.steps,
  input_tokens = s.input_tokens + c.input_tokens,
  output_tokens = s.output_tokens + c.output_tokens,
  cached_tokens = s.cached_tokens + c.cached_tokens
from (
  select u.partition, substr(u.stream, 9)::uuid as id, max(u.version) as version,
    (array_agg(u.recorded_at order by u.version desc))[1] as updated_at, sum(u.steps)::int as steps,
    sum(u.input_tokens)::bigint as input_tokens, sum(u.output_tokens)::bigint as output_tokens,
    sum(u.cached_tokens)::bigint as cached_tokens
  from unnest($1::int[], $2::text[], $3::bigint[], $4::timestamptz[], $5::int[], $6::bigint[], $7::bigint[], $8::bigint[])
    as u(partition, stream, version, recorded_at, steps, input_tokens, output_tokens, cached_tokens)
  group by u.partition, u.stream
) c
where s.partition = c.partition and s.id = c.id
