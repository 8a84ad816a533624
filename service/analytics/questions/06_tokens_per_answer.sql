-- How many tokens does an answer take, per agent and model?
select agent_id, model, count(*) as answers, round(avg(input_tokens + output_tokens)) as tokens,
  round(avg(steps), 1) as steps, round(avg(cost)::numeric, 4) as cost
from analytics.sessions
where status = 'completed'
group by agent_id, model
order by tokens desc
