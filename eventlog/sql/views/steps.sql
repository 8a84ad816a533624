create or replace view analytics.steps as
select t.agent_id, t.session_id, t.step, t.version, t.recorded_at, t.text
from readmodel.steps t;

comment on view analytics.steps is 'One thought of a session: what the model said in one completion.';
comment on column analytics.steps.agent_id is 'The agent that thought.';
comment on column analytics.steps.session_id is 'The session.';
comment on column analytics.steps.step is 'From 1.';
comment on column analytics.steps.version is 'Of the event completion_received in the session''s stream.';
comment on column analytics.steps.recorded_at is 'When the completion had come.';
comment on column analytics.steps.text is 'What the model said; characters that PostgreSQL cannot hold are U+FFFD.';
