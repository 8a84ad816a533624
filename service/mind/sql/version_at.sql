-- The last version of stream $2 of partition $1 that had been recorded by the time $3.
select e.version from eventlog.events e
where e.partition = $1 and e.stream = $2 and e.recorded_at <= $3
order by e.version desc limit 1
