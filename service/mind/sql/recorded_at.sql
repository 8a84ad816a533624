-- When version $3 of stream $2 of partition $1 was recorded.
select e.recorded_at from eventlog.events e where e.partition = $1 and e.stream = $2 and e.version = $3
