-- Memories with entries that wait for a vector in space $1, at most $2 behind stream $4 of partition $3: it is theirs,
-- or they have none yet. `since` is the version that made it theirs, `projected` the one that their rows have come to.
select u.partition, u.stream, m.valid_from as since, coalesce(h.version, 0) as projected
from (select distinct w.partition, w.stream from readmodel.unembedded w) u
left join readmodel.memory_spaces m on m.partition = u.partition and m.stream = u.stream and m.valid_to is null
left join readmodel.heads h on h.partition = u.partition and h.projection = 'memory' and h.stream = u.stream
where (m.space is null or m.space = $1) and (u.partition, u.stream) > ($3, $4)
order by u.partition, u.stream
limit $2
