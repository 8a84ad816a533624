-- What the tools gave back. The first return behind a call counts; what else its stream says of it changes nothing.
update tool_calls as c
set status = 'returned', ok = r.ok, kind = r.kind, latency_ms = r.latency_ms, observation = r.observation,
  return_version = r.version, returned_at = r.returned_at, observation_altered = r.altered
from (
  select distinct on (t.partition, t.session_id, t.call_id) t.session_id, u.*
  from unnest($1::int[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[], $6::boolean[], $7::text[],
      $8::float8[], $9::text[], $10::boolean[])
    as u(partition, stream, version, returned_at, call_id, ok, kind, latency_ms, observation, altered)
  join tool_calls t on t.partition = u.partition and t.session_id = substr(u.stream, 9)::uuid and t.call_id = u.call_id
    and t.call_version < u.version and t.return_version is null
  order by t.partition, t.session_id, t.call_id, u.version
) r
where c.partition = r.partition and c.session_id = r.session_id and c.call_id = r.call_id
