-- What goes wrong most in the last two weeks?
select type, cause, count(*) as times, count(distinct session_id) as sessions, max(recorded_at) as last_at
from analytics.errors
where recorded_at > now() - interval '14 days'
group by type, cause
order by times desc
limit 30
