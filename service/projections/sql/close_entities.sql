-- Entities that were changed or removed, with their names.
with ended as materialized (
  select u.partition, u.stream, u.id, u.version, last.valid_from, last.row_at
  from unnest($1::int[], $2::text[], $3::text[], $4::bigint[]) as u(partition, stream, id, version)
  cross join lateral (
    select e.valid_from, e.ctid as row_at from entities e
    where e.partition = u.partition and e.stream = u.stream and e.id = u.id
    order by e.valid_from desc
    limit 1
  ) last
), named as (
  update entity_names n set valid_to = u.version
  from ended u
  cross join lateral (
    select b.ctid as row_at from entity_names b
    where b.partition = u.partition and b.stream = u.stream and b.id = u.id and b.valid_from >= u.valid_from
    order by b.valid_from desc
    offset 0
  ) borne
  where n.ctid = borne.row_at
)
update entities e set valid_to = u.version from ended u where e.ctid = u.row_at
