-- Projection $1 begins at position 0 of each partition that it has no checkpoint of.
insert into eventlog.checkpoints (projection, partition, position)
select $1, partition, 0 from eventlog.partitions
on conflict do nothing
