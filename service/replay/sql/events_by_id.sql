-- Events of minds by their ids; a session's have no index on theirs.
select e.stream, e.version, e.event_id
from unnest($2::uuid[]) as ids(event_id)
join eventlog.events e on e.partition = $1 and e.event_id = ids.event_id and e.stream not like 'session-%'
