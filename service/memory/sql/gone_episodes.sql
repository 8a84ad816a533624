-- Episodes of stream $2 in partition $1 that are held no more and whose ids begin or end with $3, at most $4 of them,
-- the newest first; and the event that took each.
select e.id::text as name, g.version, g.recorded_at as at, g.type, g.data
from readmodel.episodes e
join eventlog.events g on g.partition = e.partition and g.stream = e.stream and g.version = e.valid_to
where e.partition = $1 and e.stream = $2 and (e.id::text like $3 || '%' or e.id::text like '%' || $3)
  and not exists (
    select from readmodel.episodes l
    where l.partition = e.partition and l.stream = e.stream and l.id = e.id and l.valid_from >= e.valid_to)
order by e.entry desc
limit $4
