-- How far the projections $1 have come in each partition, and the streams that they left aside.
select n.projection, p.partition, coalesce(c.position, 0) as position, p.position as head,
  coalesce(array_agg(k.stream order by k.stream) filter (where k.stream is not null), '{}') as parked
from eventlog.partitions p
cross join unnest($1::text[]) as n(projection)
left join eventlog.checkpoints c on c.partition = p.partition and c.projection = n.projection
left join eventlog.parked k on k.partition = p.partition and k.projection = n.projection
group by n.projection, p.partition, c.position, p.position
order by n.projection, p.partition
