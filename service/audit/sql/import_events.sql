-- Events as they were recorded elsewhere: ids, times, salts and digests stay; places in the log are new.
insert into eventlog.events (
  partition, position, agent_id, stream, version, event_id, type, schema_version, recorded_at, metadata, data, salt,
  digest)
select u.partition, u.position, u.agent_id, u.stream, u.version, u.event_id, u.type, u.schema_version, u.recorded_at,
  u.metadata::json, u.data::json, u.salt, u.digest
from unnest(
  $1::int[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::uuid[], $7::text[], $8::smallint[],
  $9::timestamptz[], $10::text[], $11::text[], $12::bytea[], $13::bytea[])
  as u(partition, position, agent_id, stream, version, event_id, type, schema_version, recorded_at, metadata, data,
    salt, digest)
