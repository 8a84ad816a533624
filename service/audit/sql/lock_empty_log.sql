-- Locks every partition to commit, so that nobody appends; how many events there are.
select coalesce(sum(position), 0)::bigint as events from (
  select position from eventlog.partitions order by partition for update
) p
