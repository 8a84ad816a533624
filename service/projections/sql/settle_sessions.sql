-- The last word on each session's status, and all that goes with it. Who has ended is not resumed.
update sessions as s
set status = c.status, settled_version = c.version, cause = c.cause, detail = c.detail, answer = c.answer,
  ended_at = c.ended_at, answer_altered = c.altered
from (
  select distinct on (u.partition, u.stream) u.*, substr(u.stream, 9)::uuid as id
  from unnest($1::int[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
      $9::boolean[])
    as u(partition, stream, version, status, cause, detail, answer, ended_at, altered)
  order by u.partition, u.stream, u.version desc
) c
where s.partition = c.partition and s.id = c.id
  and (c.status <> 'running' or s.ended_at is null)
