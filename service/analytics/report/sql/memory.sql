-- What agents remember at the end of each day from $1 on and before $2; what came before is counted, too.
-- A fact that is stored again under its key is one fact.
with told as (
  select greatest((recorded_at at time zone 'UTC')::date, ($1::timestamptz at time zone 'UTC')::date) as day, type,
    case when type like 'fact%' then 'facts' else 'episodes' end as name,
    lag(type) over (partition by agent_id, subject, type like 'fact%' order by version) as before
  from analytics.memory_changes
  where recorded_at < $2
    and type in ('episode_recorded', 'episode_evicted', 'episode_forgotten', 'fact_stored', 'fact_removed')),
changed as (
  select day, name, sum(
    case when type = 'episode_recorded' then 1
      when type = 'fact_stored' then case when before = 'fact_stored' then 0 else 1 end
      else -1 end)::float8 as change
  from told
  group by 1, 2)
select day, name, sum(change) over (partition by name order by day) as value
from changed
