-- $1 holder; $2 partitions, $3 sessions and $4 epochs, one each per lease. From now on, anybody may take those that are the
-- holder's still: their sessions have to go on.
update ops.leases l set holder = null, until = eventlog.clock()
from unnest($2::int[], $3::uuid[], $4::int[]) u(partition, session_id, epoch)
where l.partition = u.partition and l.session_id = u.session_id and l.epoch = u.epoch and l.holder = $1
