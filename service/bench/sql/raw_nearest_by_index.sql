-- The ten nearest of one agent by the index on nearness that is its own.
select id from public.raw_vectors where agent_id = {agent} order by embedding <=> $1 limit 10
