-- $1 partition, $2 session, $3 agent, $4 holder, $5 seconds. The first lease of a session that has yet to be started.
-- Gives its epoch, or nothing where the session has a lease. Nobody waits for the disk: the session's first event, which
-- comes later in the same write-ahead log, will.
with quick as materialized (select set_config('synchronous_commit', 'off', true))
insert into ops.leases (partition, session_id, agent_id, holder, epoch, until)
select $1, $2, $3, $4, 1, eventlog.clock() + make_interval(secs => $5::float8) from quick
on conflict do nothing
returning epoch
