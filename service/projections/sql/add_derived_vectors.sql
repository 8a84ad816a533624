-- Vectors that were derived of entries' texts; an entry's first one stays. What is not there, or has other dimensions
-- than its stream's first in that space, is passed by.
insert into vectors (partition, stream, space, entry, valid_from, valid_to, embedding)
select n.partition, n.stream, n.space, n.entry, n.version, n.valid_to, n.embedding
from (
  select o.*, coalesce(
      (select vector_dims(v.embedding) from vectors v
       where v.partition = o.partition and v.stream = o.stream and v.space = o.space
       order by v.entry
       limit 1),
      first_value(vector_dims(o.embedding)) over (partition by o.stream, o.space order by o.version, o.entry)) as first
  from (
    select distinct on (u.stream, u.space, t.entry)
      u.partition, u.stream, u.space, t.entry, u.version, t.valid_to, d.embedding
    from unnest($1::int[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::uuid[])
      as u(partition, stream, version, agent_id, space, id)
    cross join lateral (
      (select e.entry, e.valid_to from episodes e
       where e.partition = u.partition and e.stream = u.stream and e.id = u.id
       order by e.valid_from desc
       limit 1)
      union all
      (select f.entry, f.valid_to from facts f
       where f.partition = u.partition and f.stream = u.stream and f.id = u.id
       order by f.valid_from desc
       limit 1)
    ) t
    cross join lateral (
      select g.digest from derived.digests g
      where g.partition = u.partition and g.stream = u.stream and g.id = u.id
      limit 1
    ) g
    cross join lateral (
      select v.embedding from derived.vectors v
      where v.partition = u.partition and v.agent_id = u.agent_id and v.space = u.space and v.digest = g.digest
      limit 1
    ) d
    where t.entry < u.version and (t.valid_to is null or t.valid_to > u.version)
    order by u.stream, u.space, t.entry, u.version
  ) o
) n
where vector_dims(n.embedding) = n.first
on conflict do nothing
returning partition, stream, entry
