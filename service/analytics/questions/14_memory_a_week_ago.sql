-- What did the agent `ana` remember a week ago, the most important first?
select e.importance, e.happened_at, e.tags, e.content
from analytics.episodes_at('ana', (
  select max(c.version) from analytics.memory_changes c
  where c.agent_id = 'ana' and c.recorded_at < now() - interval '7 days')) e
order by e.importance desc
limit 20
