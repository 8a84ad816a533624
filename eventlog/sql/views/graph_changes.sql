create or replace view analytics.graph_changes as
select c.agent_id, c.version, c.recorded_at, c.type, c.actor, c.subject, c.detail
from readmodel.changes c
where c.stream like 'graph-%';

comment on view analytics.graph_changes is 'What happened to the graphs of agents, one row for each event.';
comment on column analytics.graph_changes.agent_id is 'Whose graph.';
comment on column analytics.graph_changes.version is 'Of the graph''s stream.';
comment on column analytics.graph_changes.recorded_at is 'When it was recorded.';
comment on column analytics.graph_changes.type is 'Of the event, as entity_put, relationship_removed.';
comment on column analytics.graph_changes.actor is 'Who did it.';
comment on column analytics.graph_changes.subject is 'The id of an entity, or: from, kind, to. Null where it was erased.';
comment on column analytics.graph_changes.detail is 'The label or the weight, or why something went.';
