create or replace view analytics.recalls as
select r.agent_id, r.session_id, r.version, r.recorded_at, r.call_id, r.query, r.memory_version, r.rank, r.kind, r.item,
  r.score, r.told
from readmodel.recalls r;

comment on view analytics.recalls is 'A memory that a session found, one row for each.';
comment on column analytics.recalls.agent_id is 'The agent that recalled.';
comment on column analytics.recalls.session_id is 'The session.';
comment on column analytics.recalls.version is 'Of the event memory_recalled in the session''s stream.';
comment on column analytics.recalls.recorded_at is 'When it was recorded.';
comment on column analytics.recalls.call_id is 'The tool call that asked; null before the first step.';
comment on column analytics.recalls.query is 'What was asked.';
comment on column analytics.recalls.memory_version is 'The version of the agent''s memory that was asked.';
comment on column analytics.recalls.rank is 'From 1, the best.';
comment on column analytics.recalls.kind is 'episode or fact.';
comment on column analytics.recalls.item is 'The id of the memory.';
comment on column analytics.recalls.score is 'Comparable within one recall, not between two.';
comment on column analytics.recalls.told is 'Whether the model was told of it.';
