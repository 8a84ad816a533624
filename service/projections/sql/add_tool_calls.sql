-- Tools that were asked for; nothing has run yet.
insert into tool_calls (
  partition, session_id, agent_id, call_id, status, effect, arguments_altered, observation_altered, call_version,
  called_at, tool, arguments)
select u.partition, substr(u.stream, 9)::uuid, u.agent_id, u.call_id, 'called', u.effect, u.altered, false, u.version,
  u.called_at, u.tool, u.arguments::json
from unnest($1::int[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::boolean[])
  as u(partition, stream, version, agent_id, called_at, call_id, effect, tool, arguments, altered)
