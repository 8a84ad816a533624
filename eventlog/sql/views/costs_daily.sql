create or replace view analytics.costs_daily as
select (c.recorded_at at time zone 'UTC')::date as day, c.agent_id, c.model, count(*) as completions,
  sum(c.input_tokens)::bigint as input_tokens, sum(c.output_tokens)::bigint as output_tokens,
  sum(c.cached_tokens)::bigint as cached_tokens, sum(c.cost) as cost
from readmodel.completions c
group by 1, 2, 3;

comment on view analytics.costs_daily is 'Tokens and dollars per day (UTC), agent and model.';
comment on column analytics.costs_daily.day is 'In UTC.';
comment on column analytics.costs_daily.agent_id is 'The agent that asked.';
comment on column analytics.costs_daily.model is 'As the provider names it.';
comment on column analytics.costs_daily.completions is 'How many there were.';
comment on column analytics.costs_daily.input_tokens is 'Tokens of prompts.';
comment on column analytics.costs_daily.output_tokens is 'Tokens of answers.';
comment on column analytics.costs_daily.cached_tokens is 'Of the input tokens, those from the provider''s cache.';
comment on column analytics.costs_daily.cost is 'In dollars, of the completions whose price is known.';
