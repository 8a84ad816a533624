-- Sessions of partition $1 behind the stream $2, whose ids were made from $3 on and before $4 (as streams' names), of
-- agent $5 alone where it is not null: at most $6 of them, the oldest first.
select s.stream
from eventlog.streams s
where s.partition = $1 and s.stream like 'session-%' and s.stream > $2 and s.stream >= $3 and s.stream < $4
  and ($5::text is null or $5::text = (
    select e.agent_id from eventlog.events e
    where e.partition = s.partition and e.stream = s.stream order by e.version limit 1))
order by s.stream
limit $6
