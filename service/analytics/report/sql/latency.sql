-- How long models took per day, from $1 on and before $2: the median, and what 95 and 99 of 100 took at most.
select d.day, p.name, d.ms[p.place] as value
from (
  select (recorded_at at time zone 'UTC')::date as day,
    percentile_cont(array[0.5, 0.95, 0.99]) within group (order by latency_ms) as ms
  from analytics.completions
  where recorded_at >= $1 and recorded_at < $2
  group by 1) d
cross join (values ('p50', 1), ('p95', 2), ('p99', 3)) p (name, place)
