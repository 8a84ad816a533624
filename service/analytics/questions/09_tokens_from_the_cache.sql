-- How much of what models read comes from the provider's cache, and is that getting better?
select date_trunc('week', day)::date as week, model,
  round(sum(cached_tokens) * 100.0 / nullif(sum(input_tokens), 0), 1) as cached_percent
from analytics.costs_daily
group by 1, 2
order by 1, 2
