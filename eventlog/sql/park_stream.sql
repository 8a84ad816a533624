-- Projection $2 leaves aside the stream whose event stands at position $3 of partition $1, because of the error $4.
insert into eventlog.parked (partition, projection, stream, version, position, error, parked_at)
select e.partition, $2, e.stream, e.version, e.position, $4, eventlog.clock()
from eventlog.events e
where e.partition = $1 and e.position = $3
on conflict do nothing
returning stream, version
