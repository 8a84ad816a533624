-- $1 partition, $2 session, $3 agent. From now on, anybody may drive this session, unless somebody does.
insert into ops.leases (partition, session_id, agent_id, holder, epoch, until)
select $1, $2, $3, null, coalesce(max(s.epoch), 0), eventlog.clock()
from eventlog.streams s
where s.partition = $1 and s.stream = 'session-' || $2::uuid
on conflict do nothing
