create or replace view analytics.memories as
select substr(e.stream, 8) as agent_id, 'episode'::text as kind, e.id, e.entry as recorded_version, e.timestamp as happened_at,
  e.importance, e.pinned, e.expires_at, e.tags, e.session, null::text as key, e.content
from readmodel.episodes e
where e.valid_to is null
union all
select substr(f.stream, 8), 'fact', f.id, f.entry, f.recorded_at, null, false, f.expires_at, f.tags, f.session, f.key, f.value
from readmodel.facts f
where f.valid_to is null;

comment on view analytics.memories is 'What agents remember now: an episode, or a fact under its key. episodes_at and facts_at tell of then.';
comment on column analytics.memories.agent_id is 'Whose memory; of a branch, the agent, ~ and the branch.';
comment on column analytics.memories.kind is 'episode or fact.';
comment on column analytics.memories.id is 'As recalls.item has it.';
comment on column analytics.memories.recorded_version is 'Of the memory''s stream, when it was recorded: its name in memory_vectors.';
comment on column analytics.memories.happened_at is 'Of an episode, when it happened; of a fact, when it was stored.';
comment on column analytics.memories.importance is 'Of an episode, from 0 to 1, not faded; null of a fact.';
comment on column analytics.memories.pinned is 'Whether it is never evicted.';
comment on column analytics.memories.expires_at is 'From then on it is not recalled; null for ever.';
comment on column analytics.memories.tags is 'What it is filed under.';
comment on column analytics.memories.session is 'The session, or the conversation elsewhere, that it is part of.';
comment on column analytics.memories.key is 'Of a fact; null of an episode.';
comment on column analytics.memories.content is 'What happened, or the fact''s value; characters that PostgreSQL cannot hold are U+FFFD.';
