-- The agent of the session whose stream is $2, in partition $1; nothing where it has no event.
select agent_id from eventlog.events where partition = $1 and stream = $2 and version = 1
