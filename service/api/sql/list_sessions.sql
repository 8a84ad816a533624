-- The newest sessions first, at most $4 of them: those before session $1 (null: all), of agents $2 (null: all), with
-- status $3 (null: any).
select s.id, s.agent_id, s.status, s.prompt, s.model, s.answer, s.cause, s.detail, s.version, s.steps, s.input_tokens,
  s.output_tokens, s.cached_tokens, s.started_at, s.updated_at, s.ended_at, c.cost
from readmodel.sessions s
left join lateral (
  select case when s.parent is null and count(c.cost) = s.steps then round(coalesce(sum(c.cost), 0)::numeric, 6)::float8 end
    as cost
  from readmodel.completions c
  where c.partition = s.partition and c.session_id = s.id
) c on true
where ($1::uuid is null or id < $1) and ($2::text[] is null or agent_id = any ($2)) and ($3::text is null or status = $3)
order by id desc
limit $4
