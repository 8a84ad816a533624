-- How many of an agent's sessions come to an answer?
select agent_id, sum(started) as started, sum(completed) as completed,
  round(sum(completed) * 100.0 / sum(started), 1) as completed_percent, sum(failed) as failed,
  sum(cancelled) as cancelled, sum(held) as held
from analytics.session_funnel
group by agent_id
order by completed_percent
