-- How do memories grow from day to day?
select recorded_at::date as day, count(*) filter (where type = 'episode_recorded') as episodes,
  count(*) filter (where type = 'fact_stored') as facts,
  count(*) filter (where type in ('episode_evicted', 'episode_forgotten', 'fact_removed')) as gone
from analytics.memory_changes
group by 1
order by 1
