-- Whose knowledge grows: entities and relationships per agent and week?
select agent_id, date_trunc('week', recorded_at)::date as week,
  count(distinct subject) filter (where type = 'entity_put') as entities,
  count(*) filter (where type = 'relationship_put') as relationships
from analytics.graph_changes
group by 1, 2
order by 1, 2
