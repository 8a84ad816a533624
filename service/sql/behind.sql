-- Whether projection $1 has yet to apply events of any partition.
select exists (
  select from eventlog.partitions p
  left join eventlog.checkpoints c on c.partition = p.partition and c.projection = $1
  where p.position > coalesce(c.position, 0)
)
