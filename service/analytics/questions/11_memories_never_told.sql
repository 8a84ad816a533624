-- Which memories were never told to anyone, and how many are there per agent?
select m.agent_id, m.kind, count(*) as never_told, min(m.happened_at) as oldest
from analytics.memories m
where not exists (select from analytics.recalls r where r.item = m.id::text and r.told)
group by m.agent_id, m.kind
order by never_told desc
