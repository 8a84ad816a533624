-- The $4 events of a stream behind version $3.
select e.event_id, e.version, e.position, e.recorded_at
from eventlog.events e
where e.partition = $1 and e.stream = $2 and e.version > $3 and e.version <= $3 + $4
order by e.version
