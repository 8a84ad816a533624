-- The number that a memory has in the raw tables.
select agent_id from public.raw_agents where stream = $1
