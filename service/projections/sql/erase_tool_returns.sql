-- What an erased return had said is gone; the call stays, as one that has not returned.
update tool_calls as c
set status = 'called', ok = null, kind = null, latency_ms = null, observation = null, return_version = null,
  returned_at = null, observation_altered = false
from unnest($1::int[], $2::text[], $3::bigint[]) as u(partition, stream, version)
where c.partition = u.partition and c.session_id = substr(u.stream, 9)::uuid and c.return_version = u.version
