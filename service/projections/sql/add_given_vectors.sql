-- Vectors that callers gave, as unit vectors. $7 has the numbers of all: those of one end at the place `ends`. What has
-- other dimensions than its stream's first cannot be compared, and is passed by.
insert into vectors (partition, stream, space, entry, valid_from, valid_to, embedding)
select n.partition, n.stream, 'given', n.entry, n.entry, n.valid_to,
  l2_normalize(($7::real[])[n.ends - n.dimensions + 1 : n.ends]::vector)
from (
  select u.*, coalesce(
      (select vector_dims(v.embedding) from vectors v
       where v.partition = u.partition and v.stream = u.stream and v.space = 'given'
       order by v.entry
       limit 1),
      first_value(u.dimensions) over (partition by u.stream order by u.entry)) as first
  from unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::int[], $6::int[])
    as u(partition, stream, entry, valid_to, dimensions, ends)
) n
where n.dimensions = n.first
