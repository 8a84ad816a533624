-- $1 partition, $2 id, $3 agent, $4 day, $5 … $8 tokens, steps, seconds, millionths of a dollar, $9 for how many seconds.
insert into ops.reservations (partition, id, agent_id, day, tokens, steps, seconds, cost_micro_usd, until)
values ($1, $2, $3, $4, $5, $6, $7, $8, eventlog.clock() + make_interval(secs => $9::float8))
