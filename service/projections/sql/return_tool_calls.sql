-- What the tools gave back. The first return behind a call counts; what else its stream says of it changes nothing.
update tool_calls as c
set status = 'returned', ok = r.ok, kind = r.kind, latency_ms = r.latency_ms, observation = r.observation,
  return_version = r.version, observation_altered = r.altered
from (
  select distinct on (t.partition, t.session_id, t.call_id) t.session_id, u.*
  from unnest($1::int[], $2::text[], $3::bigint[], $4::text[], $5::boolean[], $6::text[], $7::float8[], $8::text[],
      $9::boolean[])
    as u(partition, stream, version, call_id, ok, kind, latency_ms, observation, altered)
  join tool_calls t on t.partition = u.partition and t.session_id = substr(u.stream, 9)::uuid and t.call_id = u.call_id
    and t.call_version < u.version and t.return_version is null
  order by t.partition, t.session_id, t.call_id, u.version
) r
where c.partition = r.partition and c.session_id = r.session_id and c.call_id = r.call_id
