-- What went wrong most from $1 on and before $2.
select type as what, coalesce(cause, '–') as cause, count(*) as times, count(distinct session_id) as sessions
from analytics.errors
where recorded_at >= $1 and recorded_at < $2
group by 1, 2
order by times desc
limit 20
