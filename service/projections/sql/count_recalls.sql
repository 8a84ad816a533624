-- Recalls of entries that there were, each counted on from the one before.
insert into recall_counts (partition, stream, entry, version, recall_count, recalled_at)
select n.partition, n.stream, n.entry, n.version,
  n.before + row_number() over (partition by n.stream, n.entry order by n.version), n.at
from (
  select u.partition, u.stream, u.version, u.at, t.entry, coalesce((
      select c.recall_count from recall_counts c
      where c.partition = u.partition and c.stream = u.stream and c.entry = t.entry
      order by c.version desc
      limit 1), 0) as before
  from unnest($1::int[], $2::text[], $3::bigint[], $4::uuid[], $5::timestamptz[]) as u(partition, stream, version, id, at)
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
  where t.entry < u.version and (t.valid_to is null or t.valid_to > u.version)
) n
