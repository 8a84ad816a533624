-- What was forgotten or evicted lately, by whom, and why?
select recorded_at, agent_id, type, subject, detail as reason, actor
from analytics.memory_changes
where type in ('episode_evicted', 'episode_forgotten', 'fact_removed')
order by recorded_at desc
limit 50
