-- Which sessions of the last week took most?
select s.session_id, s.agent_id, s.input_tokens + s.output_tokens as tokens, s.cost, s.steps, left(s.prompt, 80) as prompt
from analytics.sessions s
where s.started_at > now() - interval '7 days'
order by tokens desc nulls last
limit 20
