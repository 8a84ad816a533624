-- $1 partition, $2 session, $3 holder, $4 epoch. Removes the lease of a session that is at rest, if it's the holder's still.
-- Nobody waits for the disk: one that came back would be found to have nothing to do.
with quick as materialized (select set_config('synchronous_commit', 'off', true))
delete from ops.leases using quick where partition = $1 and session_id = $2 and holder = $3 and epoch = $4
