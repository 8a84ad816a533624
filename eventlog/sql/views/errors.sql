create or replace view analytics.errors as
select c.agent_id, substr(c.stream, 9)::uuid as session_id, c.version, c.recorded_at, c.type,
  case c.type when 'completion_failed' then split_part(c.detail, ':', 1) when 'fallback_chosen' then c.detail
    else c.subject end as cause,
  case c.type when 'fallback_chosen' then c.subject else c.detail end as detail
from readmodel.changes c
where c.type in ('completion_failed', 'fallback_chosen', 'answer_withheld', 'deadline_passed', 'session_paused',
  'session_failed')
union all
select t.agent_id, t.session_id, t.return_version, t.returned_at, 'tool_returned', t.tool, t.kind
from readmodel.tool_calls t
where not t.ok;

comment on view analytics.errors is 'What went wrong in sessions: models, answers, tools, deadlines, and why sessions paused or failed.';
comment on column analytics.errors.agent_id is 'The agent that ran.';
comment on column analytics.errors.session_id is 'The session.';
comment on column analytics.errors.version is 'Of the event in the session''s stream.';
comment on column analytics.errors.recorded_at is 'When it was recorded.';
comment on column analytics.errors.type is 'completion_failed, fallback_chosen, answer_withheld, deadline_passed, session_paused, session_failed or tool_returned.';
comment on column analytics.errors.cause is 'The cause in a word, the error''s code, the stage, or the tool.';
comment on column analytics.errors.detail is 'A sentence, the model that was asked instead, or the kind of a tool''s failure.';
