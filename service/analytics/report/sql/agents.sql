-- Agents by how many sessions they began from $1 on and before $2.
select agent_id as agent, count(*) as sessions, count(*) filter (where status = 'completed') as completed,
  count(*) filter (where status = 'failed') as failed, round(avg(steps), 1) as "steps each",
  sum(input_tokens + output_tokens)::bigint as tokens, round(sum(cost)::numeric, 2) as "cost $"
from analytics.sessions
where started_at >= $1 and started_at < $2
group by agent_id
order by sessions desc
limit 20
