-- How many steps do sessions take, and how long do they last?
select least(steps, 10) as steps_up_to_10, count(*) as sessions,
  percentile_cont(0.5) within group (order by duration_s) as median_s
from analytics.sessions
where ended_at is not null
group by 1
order by 1
