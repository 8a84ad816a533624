-- The session $3 with stream $2 in partition $1: its row, as far as that has come, and its version in the log. Its cost is
-- `whole` once each of its steps has a row too, which another projection makes; a fork's first steps are its parent's.
select r.id, r.agent_id, r.status, r.prompt, r.model, r.answer, r.cause, r.detail, r.version, r.steps, r.input_tokens,
  r.output_tokens, r.cached_tokens, r.started_at, r.updated_at, r.ended_at, c.cost,
  r.parent is not null or c.steps >= r.steps as whole,
  s.version as head
from eventlog.streams s
left join readmodel.sessions r on r.partition = s.partition and r.id = $3
left join lateral (
  select case when r.parent is null and count(c.cost) = r.steps then round(coalesce(sum(c.cost), 0)::numeric, 6)::float8 end
    as cost, count(*) as steps
  from readmodel.completions c
  where c.partition = r.partition and c.session_id = r.id
) c on true
where s.partition = $1 and s.stream = $2
