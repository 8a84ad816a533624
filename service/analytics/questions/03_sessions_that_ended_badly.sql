-- Which sessions ended badly lately, and why?
select session_id, agent_id, status, cause, detail, steps, started_at
from analytics.sessions
where status in ('failed', 'paused') and started_at > now() - interval '7 days'
order by started_at desc
limit 50
