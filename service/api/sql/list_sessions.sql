-- The newest sessions first, at most $4 of them: those before session $1 (null: all), of agents $2 (null: all), with
-- status $3 (null: any).
select id, agent_id, status, prompt, model, answer, cause, detail, version, steps, input_tokens, output_tokens,
  cached_tokens, started_at, updated_at, ended_at
from readmodel.sessions
where ($1::uuid is null or id < $1) and ($2::text[] is null or agent_id = any ($2)) and ($3::text is null or status = $3)
order by id desc
limit $4
