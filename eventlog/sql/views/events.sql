create or replace view analytics.events as
select e.partition, e."position", e.agent_id, e.stream, e.version, e.event_id, e.type, e.schema_version, e.recorded_at,
  e.data, e.metadata
from eventlog.events e;

comment on view analytics.events is 'The log itself, raw: begin with a stream, or a range of positions in a partition.';
comment on column analytics.events.partition is 'The part of the log, from 0.';
comment on column analytics.events."position" is 'The place in the partition, from 1, without gaps, in the order of commits.';
comment on column analytics.events.agent_id is 'Whose event it is.';
comment on column analytics.events.stream is 'session-<id>, memory-<agent>, graph-<agent> or agent-<agent>.';
comment on column analytics.events.version is 'The place in the stream, from 1.';
comment on column analytics.events.event_id is 'Made by who wrote it.';
comment on column analytics.events.type is 'What happened; docs/events.md tells what each type holds.';
comment on column analytics.events.schema_version is 'Of the type''s shape.';
comment on column analytics.events.recorded_at is 'By the server''s clock; it orders nothing.';
comment on column analytics.events.data is 'Verbatim JSON; null where it was erased. analytics.event_text reads a text out of it.';
comment on column analytics.events.metadata is 'Actor, correlation, causation, trace; no content.';
