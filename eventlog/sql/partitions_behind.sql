-- The partitions of which projection $1 has not applied everything.
select p.partition
from eventlog.partitions p
left join eventlog.checkpoints c on c.partition = p.partition and c.projection = $1
where p.position > coalesce(c.position, 0)
order by p.partition
