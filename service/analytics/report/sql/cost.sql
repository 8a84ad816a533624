-- Dollars per day and model, from $1 on and before $2, of completions whose price is known.
select (recorded_at at time zone 'UTC')::date as day, model as name, sum(cost)::float8 as value
from analytics.completions
where recorded_at >= $1 and recorded_at < $2 and cost is not null
group by 1, 2
