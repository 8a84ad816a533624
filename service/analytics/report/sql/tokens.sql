-- Tokens per day, from $1 on and before $2, as they are paid.
select d.day, t.name, t.value
from (
  select (recorded_at at time zone 'UTC')::date as day, sum(input_tokens - cached_tokens)::float8 as fresh,
    sum(cached_tokens)::float8 as cached, sum(output_tokens)::float8 as output
  from analytics.completions
  where recorded_at >= $1 and recorded_at < $2
  group by 1) d
cross join lateral (values ('input', d.fresh), ('input, cached', d.cached), ('output', d.output)) t (name, value)
