-- $1 partition, $2 agent. The day begins to be counted: with what it spent while nothing bounded it, as far as rows tell of that.
insert into ops.spent (partition, agent_id, day, tokens, steps, seconds, cost_micro_usd, unpriced)
select $1, $2, today.day, coalesce(sum(input_tokens + output_tokens), 0), count(c), coalesce(sum(latency_ms), 0) / 1000,
  coalesce(sum(cost * 1000000)::bigint, 0), count(c) filter (where cost is null)
from (select (eventlog.clock() at time zone 'UTC')::date as day) today
left join readmodel.completions c on c.agent_id = $2
  and c.recorded_at >= today.day at time zone 'UTC' and c.recorded_at < (today.day + 1) at time zone 'UTC'
group by today.day
on conflict (partition, agent_id, day) do nothing
