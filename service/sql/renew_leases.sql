-- $1 holder, $2 seconds; $3 partitions, $4 sessions and $5 epochs, one each per lease. Renews those that are the holder's
-- still, in the order of the key, and gives which.
with ours as (
  select l.partition, l.session_id
  from ops.leases l
  join unnest($3::int[], $4::uuid[], $5::int[]) u(partition, session_id, epoch)
    on l.partition = u.partition and l.session_id = u.session_id and l.epoch = u.epoch
  where l.holder = $1
  order by l.partition, l.session_id
  for update of l
)
update ops.leases l set until = eventlog.clock() + make_interval(secs => $2::float8)
from ours
where l.partition = ours.partition and l.session_id = ours.session_id
returning l.session_id
