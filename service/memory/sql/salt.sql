-- What every digest of the agent $2 of partition $1 begins with.
select salt from derived.salts where partition = $1 and agent_id = $2
