-- $1 partition, $2 reservation, $3 agent, $4 its day, $5 … $8 tokens, steps, seconds, millionths of a dollar, $9 how many
-- completions had no price. What was reserved goes, what was spent comes, at once. Nobody waits for the disk: the
-- completion's event, which comes later in the same write-ahead log, will.
with quick as materialized (select set_config('synchronous_commit', 'off', true)),
gone as (
  delete from ops.reservations where partition = $1 and id = $2
)
update ops.spent s set
  tokens = s.tokens + $5, steps = s.steps + $6, seconds = s.seconds + $7, cost_micro_usd = s.cost_micro_usd + $8,
  unpriced = s.unpriced + $9
from quick
where s.partition = $1 and s.agent_id = $3 and s.day = $4
