-- Tools by how often they were called from $1 on and before $2.
select tool, count(*) as calls, count(*) filter (where not ok) as failed,
  round(count(*) filter (where not ok) * 100.0 / count(*), 1) as "failed %",
  round((percentile_cont(0.5) within group (order by latency_ms))::numeric, 1) as "p50 ms",
  round((percentile_cont(0.95) within group (order by latency_ms))::numeric, 1) as "p95 ms"
from analytics.tool_calls
where called_at >= $1 and called_at < $2
group by tool
order by calls desc
limit 20
