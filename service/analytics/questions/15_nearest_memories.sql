-- Which memories of `ana` mean nearly the same as its newest one, by pgvector's cosine distance?
with newest as (
  select v.embedding, v.space, v.recorded_version
  from analytics.memory_vectors v
  where v.agent_id = 'ana' and v.until_version is null
  order by v.recorded_version desc
  limit 1)
select v.embedding <=> n.embedding as distance, m.happened_at, m.content
from newest n
join analytics.memory_vectors v on v.agent_id = 'ana' and v.space = n.space and v.until_version is null
join analytics.memories m on m.agent_id = 'ana' and m.recorded_version = v.recorded_version
where v.recorded_version <> n.recorded_version
order by distance
limit 10
