-- Where each partition stands after an import; positions of before mean nothing any more, so the log's epoch is new.
with moved as (
  update eventlog.partitions p set position = u.position
  from unnest($1::int[], $2::bigint[]) as u(partition, position)
  where p.partition = u.partition
)
update eventlog.log set epoch = epoch + 1
