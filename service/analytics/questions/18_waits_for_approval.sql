-- How long do calls wait until somebody approves or rejects them, and who does?
select d.actor, count(*) as decided, count(*) filter (where d.approved) as approved,
  percentile_cont(0.5) within group (order by extract(epoch from d.recorded_at - q.recorded_at)) as median_wait_s
from analytics.approvals q
join analytics.approvals d using (session_id, call_id)
where q.type = 'approval_requested' and d.type = 'approval_decided'
group by d.actor
order by decided desc
