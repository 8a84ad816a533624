-- The streams of memory whose live vectors in a space that is compared in are at least $1, with how many there are and
-- of how many dimensions.
select h.partition, h.stream, s.space, n.live, d.dimensions
from readmodel.heads h
cross join lateral (
  select c.entries from readmodel.corpora c where c.partition = h.partition and c.stream = h.stream
  order by c.version desc limit 1
) c
cross join lateral (
  select m.space from readmodel.memory_spaces m
  where m.partition = h.partition and m.stream = h.stream and m.valid_to is null
  union
  select 'given'
) s
cross join lateral (
  select count(*) as live from readmodel.vectors v
  where c.entries >= $1 and v.partition = h.partition and v.stream = h.stream and v.space = s.space
    and v.valid_to is null
) n
cross join lateral (
  select vector_dims(v.embedding) as dimensions from readmodel.vectors v
  where v.partition = h.partition and v.stream = h.stream and v.space = s.space and v.valid_to is null
  order by v.entry limit 1
) d
where h.projection = 'memory' and h.stream like 'memory-%' and n.live >= $1
order by n.live desc, h.partition, h.stream, s.space
