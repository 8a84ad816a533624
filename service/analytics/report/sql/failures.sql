-- Calls that failed per day and tool, from $1 on and before $2.
select (called_at at time zone 'UTC')::date as day, tool as name, count(*)::float8 as value
from analytics.tool_calls
where called_at >= $1 and called_at < $2 and not ok
group by 1, 2
