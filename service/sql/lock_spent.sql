-- $1 partition, $2 agent. What the agent has spent on this day (UTC), locked to commit, so that one after the other reserves.
insert into ops.spent as s (partition, agent_id, day, tokens, steps, seconds, cost_micro_usd, unpriced)
values ($1, $2, (eventlog.clock() at time zone 'UTC')::date, 0, 0, 0, 0, 0)
on conflict (partition, agent_id, day) do update set tokens = s.tokens
returning s.day, s.tokens, s.steps, s.seconds, s.cost_micro_usd
