-- All that is live from or to entities that were removed; how many ended at which version.
with touching as materialized (
  select t.row_at, min(u.version) as version
  from unnest($1::int[], $2::text[], $3::text[], $4::bigint[]) as u(partition, stream, id, version)
  cross join lateral (
    (select r.ctid as row_at from relationships r
    where r.partition = u.partition and r.stream = u.stream and r.source = u.id and r.valid_to is null
    order by r.target, r.valid_from offset 0)
    union all
    (select r.ctid from relationships r
    where r.partition = u.partition and r.stream = u.stream and r.target = u.id and r.valid_to is null
    order by r.source, r.valid_from desc offset 0)
  ) t
  group by t.row_at
), closed as (
  update relationships r set valid_to = t.version from touching t
  where r.ctid = t.row_at
  returning r.partition, r.stream, r.valid_to
)
select partition, stream, valid_to, count(*) from closed group by partition, stream, valid_to
