-- $1 partition, $2 session. Until when it is held; nothing where it has no lease.
select until from ops.leases where partition = $1 and session_id = $2
