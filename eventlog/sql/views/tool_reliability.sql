create or replace view analytics.tool_reliability as
select (c.called_at at time zone 'UTC')::date as day, c.tool, count(*) as calls,
  count(*) filter (where c.status = 'called') as unreturned,
  count(*) filter (where c.kind = 'not_found') as not_found,
  count(*) filter (where c.kind = 'transient') as transient,
  count(*) filter (where c.kind = 'permanent') as permanent,
  count(*) filter (where c.kind = 'blocked') as blocked,
  percentile_cont(0.5) within group (order by c.latency_ms) as p50_ms,
  percentile_cont(0.95) within group (order by c.latency_ms) as p95_ms,
  percentile_cont(0.99) within group (order by c.latency_ms) as p99_ms
from readmodel.tool_calls c
group by 1, 2;

comment on view analytics.tool_reliability is 'How tools did, per day (UTC) and tool.';
comment on column analytics.tool_reliability.day is 'In UTC, by when they were called.';
comment on column analytics.tool_reliability.tool is 'The tool''s name, as models wrote it.';
comment on column analytics.tool_reliability.calls is 'How often it was called.';
comment on column analytics.tool_reliability.unreturned is 'Calls without a return.';
comment on column analytics.tool_reliability.not_found is 'Failures: what was asked for is not there.';
comment on column analytics.tool_reliability.transient is 'Failures that may pass.';
comment on column analytics.tool_reliability.permanent is 'Failures that will not pass.';
comment on column analytics.tool_reliability.blocked is 'Calls that were not allowed.';
comment on column analytics.tool_reliability.p50_ms is 'The median of how long it ran.';
comment on column analytics.tool_reliability.p95_ms is 'How long 95 of 100 calls ran at most.';
comment on column analytics.tool_reliability.p99_ms is 'How long 99 of 100 calls ran at most.';
