-- The newest sessions first, at most $1 of them. What one cost is null where a price, or a part of the rows, is missing.
select s.partition, s.id, s.agent_id, s.status, s.prompt, s.model, s.answer, s.cause, s.detail, s.version, s.steps,
  s.input_tokens, s.output_tokens, s.cached_tokens, s.started_at, s.updated_at, s.ended_at, c.cost
from (select * from readmodel.sessions order by id desc limit $1) s
left join lateral (
  select case when s.parent is null and count(c.cost) = s.steps then round(coalesce(sum(c.cost), 0)::numeric, 6)::float8 end
    as cost
  from readmodel.completions c
  where c.partition = s.partition and c.session_id = s.id
) c on true
order by s.id desc
