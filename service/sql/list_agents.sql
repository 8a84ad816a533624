-- Every agent that something was ever recorded of, at most $1 of them, in the order of their names.
select agent_id, max(version) filter (where kind = 'agent') as definitions,
  max(version) filter (where kind = 'memory') as memories, count(*) filter (where kind = 'session') as sessions
from (
  select s.version, split_part(s.stream, '-', 1) as kind,
    case when s.stream like 'session-%' then e.agent_id else substr(s.stream, strpos(s.stream, '-') + 1) end as agent_id
  from eventlog.streams s
  left join eventlog.events e
    on s.stream like 'session-%' and e.partition = s.partition and e.stream = s.stream and e.version = 1
  where s.stream not like '%~%'
) k
group by agent_id
order by agent_id
limit $1
