-- $1 partition, $2 session, $3 agent, $4 holder, $5 seconds. A lease above all that there were before: those that the log
-- has seen, and the one that ran out. Gives its epoch, or nothing where somebody holds the session.
insert into ops.leases as l (partition, session_id, agent_id, holder, epoch, until)
select $1, $2, $3, $4, coalesce(max(s.epoch), 0) + 1, eventlog.clock() + make_interval(secs => $5::float8)
from eventlog.streams s
where s.partition = $1 and s.stream = 'session-' || $2::uuid
on conflict (partition, session_id) do update set
  holder = excluded.holder, epoch = greatest(l.epoch + 1, excluded.epoch), until = excluded.until
where l.until <= eventlog.clock()
returning epoch
