-- The positions that projection $1 has applied of the partitions $2.
select partition, position from eventlog.checkpoints
where projection = $1 and partition = any ($2::int[])
