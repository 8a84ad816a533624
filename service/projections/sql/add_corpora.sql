-- How much streams hold from some versions on, by how much that is more, or less, than before.
insert into corpora (partition, stream, version, entries, words)
select u.partition, u.stream, u.version, coalesce(b.entries, 0) + sum(u.entries) over so_far,
  coalesce(b.words, 0) + sum(u.words) over so_far
from unnest($1::int[], $2::text[], $3::bigint[], $4::int[], $5::int[]) as u(partition, stream, version, entries, words)
left join lateral (
  select c.entries, c.words from corpora c
  where c.partition = u.partition and c.stream = u.stream
  order by c.version desc
  limit 1
) b on true
window so_far as (partition by u.stream order by u.version)
