-- What is best connected in the graph of `ana` as it stands?
select ends.id, count(*) as relationships, count(distinct r.kind) as kinds
from analytics.relationships_at('ana', (
  select max(c.version) from analytics.graph_changes c where c.agent_id = 'ana')) r
cross join lateral (values (r.source), (r.target)) ends (id)
group by ends.id
order by relationships desc
limit 20
