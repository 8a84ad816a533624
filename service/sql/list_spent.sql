-- $1: an agent, or null for all; $2: how many rows at most. The newest days first, with what is held back of them now.
select s.agent_id, s.day, s.tokens, s.steps, s.seconds, s.cost_micro_usd, s.unpriced,
  coalesce(r.tokens, 0)::bigint as reserved_tokens, coalesce(r.cost_micro_usd, 0)::bigint as reserved_micro_usd
from ops.spent s
left join lateral (
  select sum(r.tokens) as tokens, sum(r.cost_micro_usd) as cost_micro_usd from ops.reservations r
  where r.partition = s.partition and r.agent_id = s.agent_id and r.day = s.day and r.until > eventlog.clock()
) r on true
where $1::text is null or s.agent_id = $1
order by s.day desc, s.agent_id
limit $2
