-- The partitions of which projection $1 claims to have applied more than the log holds.
select p.partition
from eventlog.partitions p
join eventlog.checkpoints c on c.partition = p.partition and c.projection = $1
where c.position > p.position
