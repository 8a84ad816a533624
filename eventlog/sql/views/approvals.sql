create or replace view analytics.approvals as
select c.agent_id, substr(c.stream, 9)::uuid as session_id, c.version, c.recorded_at, c.type, c.actor,
  c.subject as call_id, c.detail
from readmodel.changes c
where c.stream like 'session-%' and c.type in ('approval_requested', 'approval_decided', 'tool_reconciled');

comment on view analytics.approvals is 'Decisions that people were asked for about tool calls, and what they said.';
comment on column analytics.approvals.agent_id is 'The agent that ran.';
comment on column analytics.approvals.session_id is 'The session.';
comment on column analytics.approvals.version is 'Of the event in the session''s stream.';
comment on column analytics.approvals.recorded_at is 'When it was recorded.';
comment on column analytics.approvals.type is 'approval_requested, approval_decided or tool_reconciled.';
comment on column analytics.approvals.actor is 'Who asked or decided.';
comment on column analytics.approvals.call_id is 'The tool call, as in tool_calls.';
comment on column analytics.approvals.detail is 'What was decided, and why.';
