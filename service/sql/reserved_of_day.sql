-- $1 partition, $2 agent, $3 day. What calls that are under way hold back; those whose time is up are forgotten.
with gone as (
  delete from ops.reservations
  where partition = $1 and agent_id = $2 and until <= eventlog.clock()
)
select coalesce(sum(tokens), 0)::bigint as tokens, coalesce(sum(steps), 0)::bigint as steps,
  coalesce(sum(seconds), 0)::float8 as seconds, coalesce(sum(cost_micro_usd), 0)::bigint as cost_micro_usd
from ops.reservations
where partition = $1 and agent_id = $2 and day = $3 and until > eventlog.clock()
