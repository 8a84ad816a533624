-- The newest sessions first, at most $1 of them.
select partition, id, agent_id, status, prompt, model, answer, cause, detail, version, steps,
  input_tokens, output_tokens, cached_tokens, started_at, updated_at, ended_at
from readmodel.sessions
order by id desc
limit $1
