-- $1 partition, $2 agent. What the agent has spent on this day (UTC), locked to commit, so that one after the other reserves.
select day, tokens, steps, seconds, cost_micro_usd from ops.spent
where partition = $1 and agent_id = $2 and day = (eventlog.clock() at time zone 'UTC')::date
for update
