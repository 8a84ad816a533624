-- How much is each model used, and how long does one wait for it?
select model, completions, sessions, round(p50_ms::numeric) as p50_ms, round(p99_ms::numeric) as p99_ms, input_tokens,
  output_tokens, cost
from analytics.model_usage
order by completions desc
