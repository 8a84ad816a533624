-- Events that are no steps, a row each.
insert into changes (partition, stream, version, agent_id, recorded_at, type, actor, subject, detail, altered)
select u.partition, u.stream, u.version, u.agent_id, u.recorded_at, u.type, u.actor, u.subject, u.detail, u.altered
from unnest($1::int[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::boolean[])
  as u(partition, stream, version, agent_id, recorded_at, type, actor, subject, detail, altered)
