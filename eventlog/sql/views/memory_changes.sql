create or replace view analytics.memory_changes as
select c.agent_id, c.version, c.recorded_at, c.type, c.actor, c.subject, c.detail
from readmodel.changes c
where c.stream like 'memory-%';

comment on view analytics.memory_changes is 'What happened to the memories of agents, one row for each event but counts and notes.';
comment on column analytics.memory_changes.agent_id is 'Whose memory.';
comment on column analytics.memory_changes.version is 'Of the memory''s stream.';
comment on column analytics.memory_changes.recorded_at is 'When it was recorded.';
comment on column analytics.memory_changes.type is 'Of the event, as episode_recorded, fact_stored.';
comment on column analytics.memory_changes.actor is 'Who did it.';
comment on column analytics.memory_changes.subject is 'The id of an episode, the key of a fact; null where it was erased, or where it is new.';
comment on column analytics.memory_changes.detail is 'The text that was stored, or why something went; at most 8192 characters.';
