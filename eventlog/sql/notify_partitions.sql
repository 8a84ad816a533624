-- One NOTIFY for each of the partitions $2 on channel $1; the payload is the partition and nothing else.
select pg_notify($1, partition::text) from unnest($2::int[]) as u(partition)
