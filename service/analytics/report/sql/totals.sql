-- All in all from $1 on and before $2.
select count(*) as sessions, round(count(*) filter (where status = 'completed') * 100.0 / nullif(count(*), 0), 1)
    as "completed %", sum(steps)::bigint as steps, sum(input_tokens + output_tokens)::bigint as tokens,
  round(sum(cost)::numeric, 2) as "cost $",
  round((percentile_cont(0.5) within group (order by duration_s))::numeric, 1) as "median s"
from analytics.sessions
where started_at >= $1 and started_at < $2
