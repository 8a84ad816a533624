-- Tools that were asked for; nothing has run yet.
insert into tool_calls (
  partition, session_id, call_id, status, effect, arguments_altered, observation_altered, call_version, tool, arguments)
select u.partition, substr(u.stream, 9)::uuid, u.call_id, 'called', u.effect, u.altered, false, u.version, u.tool,
  u.arguments::json
from unnest($1::int[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[])
  as u(partition, stream, version, call_id, effect, tool, arguments, altered)
