-- Holds projection $1 still in every partition, to commit.
select partition from eventlog.checkpoints
where projection = $1
order by partition
for update
