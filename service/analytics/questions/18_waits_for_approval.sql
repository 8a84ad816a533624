-- How long do calls wait until somebody approves or rejects them, and who does?
with asked as (  -- One that is resumed asks again: the first time counts.
  select session_id, call_id, min(recorded_at) as recorded_at
  from analytics.approvals
  where type = 'approval_requested'
  group by session_id, call_id
)
select d.actor, count(*) as decided, count(*) filter (where d.approved) as approved,
  percentile_cont(0.5) within group (order by extract(epoch from d.recorded_at - a.recorded_at)) as median_wait_s
from asked a
join analytics.approvals d using (session_id, call_id)
where d.type = 'approval_decided'
group by d.actor
order by decided desc
