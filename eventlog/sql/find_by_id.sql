-- Events outside sessions by their ids, in the ids' order.
select e.event_id, e.version, e.position, e.recorded_at
from unnest($2::uuid[]) with ordinality ids(event_id, n)
join eventlog.events e on e.partition = $1 and e.event_id = ids.event_id and e.stream not like 'session-%'
order by ids.n
