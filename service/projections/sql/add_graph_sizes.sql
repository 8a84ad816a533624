-- How much graphs hold from some versions on, by how much that is more, or less, than before.
with grown as materialized (
  select * from unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::boolean[])
    as u(partition, stream, version, entities, relationships, is_erasure)
), before as materialized (
  select g.partition, g.stream, b.entities, b.relationships, b.erased
  from (select distinct partition, stream from grown) g
  left join lateral (
    select s.entities, s.relationships, s.erased from graph_sizes s
    where s.partition = g.partition and s.stream = g.stream
    order by s.version desc
    limit 1
  ) b on true
)
insert into graph_sizes (partition, stream, version, entities, relationships, erased)
select u.partition, u.stream, u.version, coalesce(b.entities, 0) + sum(u.entities) over so_far,
  coalesce(b.relationships, 0) + sum(u.relationships) over so_far,
  coalesce(max(u.version) filter (where u.is_erasure) over so_far, b.erased, 0)
from grown u
join before b on b.partition = u.partition and b.stream = u.stream
window so_far as (partition by u.stream order by u.version)
