create or replace view analytics.sessions as
select s.agent_id, s.id as session_id, s.status, s.model, s.prompt, s.answer, s.cause, s.detail, s.steps,
  s.input_tokens, s.output_tokens, s.cached_tokens,
  (select sum(c.cost) from readmodel.completions c where c.partition = s.partition and c.session_id = s.id) as cost,
  s.started_at, s.updated_at, s.ended_at,
  extract(epoch from s.ended_at - s.started_at)::float8 as duration_s,
  s.version, s.parent as parent_session_id, s.forked_at
from readmodel.sessions s;

comment on view analytics.sessions is 'One run of an agent on one task, as it stands.';
comment on column analytics.sessions.agent_id is 'The agent that ran.';
comment on column analytics.sessions.session_id is 'The session; its stream is session-<session_id>.';
comment on column analytics.sessions.status is 'running, waiting, paused, completed, failed or cancelled.';
comment on column analytics.sessions.model is 'As provider:model; null where it was erased.';
comment on column analytics.sessions.prompt is 'The task; null where it was erased.';
comment on column analytics.sessions.answer is 'What the agent answered; null before, and without an answer.';
comment on column analytics.sessions.cause is 'Why it paused, failed or was cancelled, in a word.';
comment on column analytics.sessions.detail is 'The same as a sentence.';
comment on column analytics.sessions.steps is 'Completions so far.';
comment on column analytics.sessions.input_tokens is 'Of all completions; null once an event of the session was erased.';
comment on column analytics.sessions.output_tokens is 'Of all completions; null once an event of the session was erased.';
comment on column analytics.sessions.cached_tokens is 'Of the input tokens, those from the provider''s cache.';
comment on column analytics.sessions.cost is 'In dollars, of the completions whose price is known; null without one.';
comment on column analytics.sessions.started_at is 'When it was asked for.';
comment on column analytics.sessions.updated_at is 'When its last event was recorded.';
comment on column analytics.sessions.ended_at is 'When it completed, failed or was cancelled; null before.';
comment on column analytics.sessions.duration_s is 'Seconds from its start to its end; null before.';
comment on column analytics.sessions.version is 'The last event that this row tells of.';
comment on column analytics.sessions.parent_session_id is 'The session that it was forked from; null where it was not.';
comment on column analytics.sessions.forked_at is 'The version of that session at which it was; null where it was not.';
