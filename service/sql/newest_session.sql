-- The newest session of all partitions, by its id, which begins with its time.
select max(substr(newest.stream, 9)) as id
from eventlog.partitions p
cross join lateral (
  select stream from eventlog.streams s
  where s.partition = p.partition and s.stream like 'session-%'
  order by s.stream desc limit 1
) newest
