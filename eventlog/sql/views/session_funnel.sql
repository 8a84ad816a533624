create or replace view analytics.session_funnel as
select (s.started_at at time zone 'UTC')::date as day, s.agent_id, count(*) as started,
  count(*) filter (where s.steps > 0) as thought,
  count(*) filter (where s.status = 'completed') as completed,
  count(*) filter (where s.status = 'failed') as failed,
  count(*) filter (where s.status = 'cancelled') as cancelled,
  count(*) filter (where s.status in ('paused', 'waiting')) as held,
  count(*) filter (where s.status = 'running') as running
from readmodel.sessions s
group by 1, 2;

comment on view analytics.session_funnel is 'How far sessions came, per day of their start (UTC) and agent.';
comment on column analytics.session_funnel.day is 'In UTC.';
comment on column analytics.session_funnel.agent_id is 'The agent that ran.';
comment on column analytics.session_funnel.started is 'Sessions that were asked for.';
comment on column analytics.session_funnel.thought is 'Of them, those with a completion.';
comment on column analytics.session_funnel.completed is 'Of them, those with an answer.';
comment on column analytics.session_funnel.failed is 'Of them, those that ended without one.';
comment on column analytics.session_funnel.cancelled is 'Of them, those that somebody stopped.';
comment on column analytics.session_funnel.held is 'Of them, those that wait or pause.';
comment on column analytics.session_funnel.running is 'Of them, those under way, or left behind by a process that died.';
