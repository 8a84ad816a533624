-- $1 holder, $2 seconds, $3 how many at most. Takes leases whose time is up, the longest first, and not those that somebody
-- takes right now. Gives each with its new epoch.
with up as (
  select l.partition, l.session_id, coalesce(s.epoch, 0) as logged
  from ops.leases l
  left join eventlog.streams s on s.partition = l.partition and s.stream = 'session-' || l.session_id
  where l.until <= eventlog.clock()
  order by l.until
  limit $3
  for update of l skip locked
)
update ops.leases l set
  holder = $1, epoch = greatest(l.epoch, up.logged) + 1, until = eventlog.clock() + make_interval(secs => $2::float8)
from up
where l.partition = up.partition and l.session_id = up.session_id
returning l.session_id, l.agent_id, l.epoch
