-- The last position of each partition.
select partition, position from eventlog.partitions order by partition
