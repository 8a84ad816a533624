create or replace view analytics.tool_calls as
select c.agent_id, c.session_id, split_part(c.call_id, '.', 1)::int as step, c.call_id, c.call_version as version, c.tool,
  c.effect, c.status, c.ok, c.kind as failure, c.latency_ms, c.called_at, c.returned_at, c.arguments, c.observation
from readmodel.tool_calls c;

comment on view analytics.tool_calls is 'A tool that a model asked for and, once it returned, what it gave.';
comment on column analytics.tool_calls.agent_id is 'The agent that asked.';
comment on column analytics.tool_calls.session_id is 'The session.';
comment on column analytics.tool_calls.step is 'The step that asked, from 1.';
comment on column analytics.tool_calls.call_id is 'Unique in its session: <step>.<index>.';
comment on column analytics.tool_calls.version is 'Of the event tool_called in the session''s stream.';
comment on column analytics.tool_calls.tool is 'The tool''s name, as the model wrote it.';
comment on column analytics.tool_calls.effect is 'pure, idempotent, at_most_once or transactional.';
comment on column analytics.tool_calls.status is 'called or returned.';
comment on column analytics.tool_calls.ok is 'Whether it did what was asked; null before it returned.';
comment on column analytics.tool_calls.failure is 'not_found, transient, permanent or blocked, where it did not.';
comment on column analytics.tool_calls.latency_ms is 'How long it ran; null before it returned.';
comment on column analytics.tool_calls.called_at is 'When the call was recorded, before it ran.';
comment on column analytics.tool_calls.returned_at is 'When its return was recorded.';
comment on column analytics.tool_calls.arguments is 'What the model gave, as JSON.';
comment on column analytics.tool_calls.observation is 'What the model was told, as JSON text.';
