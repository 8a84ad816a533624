-- A number that is larger whenever any partition has grown.
select coalesce(sum(position), 0)::bigint from eventlog.partitions
