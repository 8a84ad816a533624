create or replace view analytics.approvals as
select c.agent_id, substr(c.stream, 9)::uuid as session_id, c.version, c.recorded_at, c.type, c.actor,
  s.call_id, c.detail,
  case when c.type = 'approval_decided' then c.detail like 'approved: %' end as approved
from readmodel.changes c
left join lateral unnest(string_to_array(c.subject, ' ')) s (call_id) on true
where c.type in ('approval_requested', 'approval_decided', 'tool_reconciled');

comment on view analytics.approvals is 'Decisions that people were asked for about tool calls, and what they said; one row for each call.';
comment on column analytics.approvals.agent_id is 'The agent that ran.';
comment on column analytics.approvals.session_id is 'The session.';
comment on column analytics.approvals.version is 'Of the event in the session''s stream.';
comment on column analytics.approvals.recorded_at is 'When it was recorded.';
comment on column analytics.approvals.type is 'approval_requested, approval_decided or tool_reconciled.';
comment on column analytics.approvals.actor is 'Who asked or decided.';
comment on column analytics.approvals.call_id is 'The tool call, as in tool_calls; null where it was erased.';
comment on column analytics.approvals.detail is 'What was decided, and why.';
comment on column analytics.approvals.approved is 'Whether the call may run; null where nobody was asked that, or it was erased.';
