-- What is live of the same memories, as plainly as it can stand: vectors in one table, texts in another, agents as numbers.
do $$
begin
  create table public.raw_agents as
  select stream, row_number() over (order by stream) as agent_id
  from (select distinct stream from readmodel.episodes where partition = 0) s;

  create table public.raw_vectors (agent_id bigint not null, id bigint not null, embedding vector(384) not null);
  alter table public.raw_vectors alter column embedding set storage plain;
  insert into public.raw_vectors
  select a.agent_id, v.entry, v.embedding from readmodel.vectors v join public.raw_agents a using (stream)
  where valid_to is null;

  create table public.raw_texts (agent_id bigint not null, id bigint not null, words tsvector not null);
  insert into public.raw_texts
  select a.agent_id, e.entry, to_tsvector('english', e.content)
  from readmodel.episodes e join public.raw_agents a using (stream)
  where valid_to is null;
end;
$$
