-- $1 partition, $2 reservation or null, $3 agent, $4 day or null for today, $5 … $8 tokens, steps, seconds, millionths of a
-- dollar, $9 how many completions had no price. What was reserved goes, what was spent comes, at once. Nobody waits for the
-- disk: the completion's event, which comes later in the same write-ahead log, will.
with quick as materialized (select set_config('synchronous_commit', 'off', true)),
gone as (
  delete from ops.reservations where partition = $1 and id = $2
)
insert into ops.spent as s (partition, agent_id, day, tokens, steps, seconds, cost_micro_usd, unpriced)
select $1, $3, coalesce($4::date, (eventlog.clock() at time zone 'UTC')::date), $5, $6, $7, $8, $9 from quick
on conflict (partition, agent_id, day) do update set
  tokens = s.tokens + excluded.tokens, steps = s.steps + excluded.steps, seconds = s.seconds + excluded.seconds,
  cost_micro_usd = s.cost_micro_usd + excluded.cost_micro_usd, unpriced = s.unpriced + excluded.unpriced
