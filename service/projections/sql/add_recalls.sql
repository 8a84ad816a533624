-- What sessions found in memory, a row for each memory.
insert into recalls (
  partition, session_id, agent_id, version, recorded_at, rank, memory_version, score, told, query_altered, call_id, kind,
  item, query)
select u.partition, substr(u.stream, 9)::uuid, u.agent_id, u.version, u.recorded_at, u.rank, u.memory_version, u.score,
  u.told, u.altered, u.call_id, u.kind, u.item, u.query
from unnest($1::int[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::int[], $7::bigint[], $8::float8[],
    $9::boolean[], $10::text[], $11::text[], $12::text[], $13::text[], $14::boolean[])
  as u(partition, stream, version, agent_id, recorded_at, rank, memory_version, score, told, call_id, kind, item, query,
    altered)
