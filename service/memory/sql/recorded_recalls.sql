-- What the newest sessions of agent $2 in partition $1 have recalled, the newest first: at most $3 recalls.
select e.data
from (
  select s.partition, s.id from readmodel.sessions s
  where s.partition = $1 and s.agent_id = $2
  order by s.id desc limit $3
) n
join eventlog.events e on e.partition = n.partition and e.stream = 'session-' || n.id::text
where e.type = 'memory_recalled' and e.data is not null
order by e.position desc
limit $3
