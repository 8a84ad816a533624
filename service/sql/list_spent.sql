-- $1: an agent, or null for all; $2: how many rows at most. The newest days first, with what is held back of them now: days
-- that were bounded as they were counted, others as their completions tell.
with bounded as (
  select agent_id, day, tokens, steps, seconds, cost_micro_usd, unpriced from ops.spent
  where $1::text is null or agent_id = $1
),
told as (
  select agent_id, (recorded_at at time zone 'UTC')::date as day, sum(input_tokens + output_tokens)::bigint as tokens,
    count(*) as steps, sum(latency_ms) / 1000 as seconds, coalesce(sum(cost * 1000000), 0)::bigint as cost_micro_usd,
    count(*) filter (where cost is null) as unpriced
  from readmodel.completions
  where $1::text is null or agent_id = $1
  group by 1, 2
),
spent as (
  select * from bounded
  union all
  select * from told t where not exists (select from bounded b where b.agent_id = t.agent_id and b.day = t.day)
)
select s.*, coalesce(r.tokens, 0)::bigint as reserved_tokens, coalesce(r.cost_micro_usd, 0)::bigint as reserved_micro_usd
from spent s
left join lateral (
  select sum(r.tokens) as tokens, sum(r.cost_micro_usd) as cost_micro_usd from ops.reservations r
  where r.agent_id = s.agent_id and r.day = s.day and r.until > eventlog.clock()
) r on true
order by s.day desc, s.agent_id
limit $2
