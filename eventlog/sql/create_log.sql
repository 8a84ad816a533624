insert into eventlog.log (partitions) values ($1)
