-- Which tools fail, how often, and how slow are they on their worst day?
select tool, sum(calls) as calls, sum(transient) as transient, sum(permanent + not_found + blocked) as other_failures,
  round(sum(transient + permanent + not_found + blocked) * 100.0 / sum(calls), 2) as failed_percent,
  max(p95_ms) as worst_p95_ms
from analytics.tool_reliability
group by tool
order by failed_percent desc
