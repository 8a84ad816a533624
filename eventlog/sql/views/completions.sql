create or replace view analytics.completions as
select c.agent_id, c.session_id, c.step, c.version, c.recorded_at, c.model, c.stop_reason, c.input_tokens,
  c.output_tokens, c.cached_tokens, c.cost, c.latency_ms
from readmodel.completions c;

comment on view analytics.completions is 'What one call of a model took: tokens, time and money.';
comment on column analytics.completions.agent_id is 'The agent that asked.';
comment on column analytics.completions.session_id is 'The session.';
comment on column analytics.completions.step is 'From 1.';
comment on column analytics.completions.version is 'Of the event completion_received in the session''s stream.';
comment on column analytics.completions.recorded_at is 'When the completion had come.';
comment on column analytics.completions.model is 'As the provider names it.';
comment on column analytics.completions.stop_reason is 'Why the model stopped: end, tool_calls, length, stop, refusal, pause.';
comment on column analytics.completions.input_tokens is 'Tokens of the prompt, as the provider counts them.';
comment on column analytics.completions.output_tokens is 'Tokens of the answer, as the provider counts them.';
comment on column analytics.completions.cached_tokens is 'Of the input tokens, those from the provider''s cache.';
comment on column analytics.completions.cost is 'In dollars; null where the price is not known.';
comment on column analytics.completions.latency_ms is 'From the question to the end of the answer, retries included.';
