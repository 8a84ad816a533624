insert into eventlog.partitions (partition) select generate_series(0, $1::int - 1)
