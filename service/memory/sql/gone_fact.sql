-- The fact that stood last under key $3 in stream $2 of partition $1, if it stands there no more; and the event that
-- took it.
select f.key as name, g.version, g.recorded_at as at, g.type, g.data
from (
  select * from readmodel.facts
  where partition = $1 and stream = $2 and key = $3
  order by valid_from desc
  limit 1
) f
join eventlog.events g on g.partition = f.partition and g.stream = f.stream and g.version = f.valid_to
