-- Just the columns that the slowest question asks of, without key or index.
create table if not exists public.bare_completions as
select model, session_id, recorded_at, input_tokens, output_tokens, cost, latency_ms
from readmodel.completions;
grant select on public.bare_completions to agent_runtime_app
