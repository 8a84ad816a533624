-- The version of the first event of stream $2 of partition $1; a fork's go on from its parent's.
select version from eventlog.events where partition = $1 and stream = $2 order by version limit 1
