-- What analytics.model_usage tells, of the bare table.
select model, count(*), count(distinct session_id), min(recorded_at), max(recorded_at), sum(input_tokens),
  sum(output_tokens), sum(cost), percentile_cont(0.5) within group (order by latency_ms),
  percentile_cont(0.99) within group (order by latency_ms)
from public.bare_completions
group by model
