-- Every agent that something was ever recorded of, at most $1 of them, in the order of their names; `memories` is what
-- its memory held where the rows had come to last.
select k.agent_id, k.definitions, k.sessions, coalesce(c.entries, 0) as memories
from (
  select agent_id, max(partition) as partition, max(version) filter (where kind = 'agent') as definitions,
    count(*) filter (where kind = 'session') as sessions
  from (
    select s.partition, s.version, split_part(s.stream, '-', 1) as kind,
      case when s.stream like 'session-%' then e.agent_id
        else substr(s.stream, strpos(s.stream, '-') + 1) end as agent_id
    from eventlog.streams s
    left join eventlog.events e
      on s.stream like 'session-%' and e.partition = s.partition and e.stream = s.stream and e.version = 1
    where s.stream not like '%~%'
  ) s
  group by agent_id
  order by agent_id
  limit $1
) k
left join lateral (
  select entries from readmodel.corpora
  where partition = k.partition and stream = 'memory-' || k.agent_id
  order by version desc limit 1
) c on true
order by k.agent_id
