-- The indexes that serve them best: by agent, words by agent for those that are measured, nearness for the large one.
do $$
declare
  v_agent record;
begin
  create index on public.raw_vectors (agent_id);
  create index on public.raw_texts (agent_id);
  for v_agent in select * from public.raw_agents where stream in ('memory-few', 'memory-some', 'memory-many') loop
    execute format('create index on public.raw_texts using gin (words) where agent_id = %s', v_agent.agent_id);
  end loop;
  select * into v_agent from public.raw_agents where stream = 'memory-many';
  execute format(
    'create index on public.raw_vectors using hnsw (embedding vector_cosine_ops) where agent_id = %s', v_agent.agent_id);
end;
$$
