-- Which memories are told most, and how did the sessions end that were told?
select r.item, count(*) as told, count(*) filter (where s.status = 'completed') as completed
from analytics.recalls r
join analytics.sessions s using (session_id)
where r.told
group by r.item
order by told desc
limit 20
