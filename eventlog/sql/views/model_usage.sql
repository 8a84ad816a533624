create or replace view analytics.model_usage as
select c.model, count(*) as completions, count(distinct c.session_id) as sessions, min(c.recorded_at) as first_at,
  max(c.recorded_at) as last_at, sum(c.input_tokens)::bigint as input_tokens,
  sum(c.output_tokens)::bigint as output_tokens, sum(c.cost) as cost,
  percentile_cont(0.5) within group (order by c.latency_ms) as p50_ms,
  percentile_cont(0.99) within group (order by c.latency_ms) as p99_ms
from readmodel.completions c
group by 1;

comment on view analytics.model_usage is 'What each model was used for, in all.';
comment on column analytics.model_usage.model is 'As the provider names it.';
comment on column analytics.model_usage.completions is 'How often it was asked.';
comment on column analytics.model_usage.sessions is 'By how many sessions.';
comment on column analytics.model_usage.first_at is 'When it answered first.';
comment on column analytics.model_usage.last_at is 'When it answered last.';
comment on column analytics.model_usage.input_tokens is 'Tokens of prompts.';
comment on column analytics.model_usage.output_tokens is 'Tokens of answers.';
comment on column analytics.model_usage.cost is 'In dollars, of the completions whose price is known.';
comment on column analytics.model_usage.p50_ms is 'The median time of a completion.';
comment on column analytics.model_usage.p99_ms is 'The time that 99 of 100 completions took at most.';
