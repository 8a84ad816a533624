-- The ten nearest of one agent, every vector looked at: `+ 0` fits no index on nearness.
select id from public.raw_vectors where agent_id = {agent} order by (embedding <=> $1) + 0 limit 10
