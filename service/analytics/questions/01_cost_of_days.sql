-- What does a day cost, per model?
select day, model, sum(completions) as completions, sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens,
  sum(cost) as cost
from analytics.costs_daily
where day > current_date - 14
group by day, model
order by day desc, model
