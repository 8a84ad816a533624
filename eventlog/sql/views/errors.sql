create or replace view analytics.errors as
select c.agent_id, substr(c.stream, 9)::uuid as session_id, c.version, c.recorded_at, c.type, c.subject as cause, c.detail
from readmodel.changes c
where c.stream like 'session-%' and c.type in ('completion_failed', 'deadline_passed', 'session_paused', 'session_failed')
union all
select t.agent_id, t.session_id, t.return_version, t.returned_at, 'tool_returned', t.tool, t.kind
from readmodel.tool_calls t
where not t.ok;

comment on view analytics.errors is 'What went wrong in sessions: models, tools, deadlines, and why sessions paused or failed.';
comment on column analytics.errors.agent_id is 'The agent that ran.';
comment on column analytics.errors.session_id is 'The session.';
comment on column analytics.errors.version is 'Of the event in the session''s stream.';
comment on column analytics.errors.recorded_at is 'When it was recorded.';
comment on column analytics.errors.type is 'completion_failed, deadline_passed, session_paused, session_failed or tool_returned.';
comment on column analytics.errors.cause is 'The step that failed, the cause in a word, or the tool.';
comment on column analytics.errors.detail is 'A sentence, or the kind of a tool''s failure.';
