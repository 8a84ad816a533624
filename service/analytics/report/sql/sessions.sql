-- Sessions that began from $1 on and before $2, per day and how they stand.
select (started_at at time zone 'UTC')::date as day, status as name, count(*)::float8 as value
from analytics.sessions
where started_at >= $1 and started_at < $2
group by 1, 2
