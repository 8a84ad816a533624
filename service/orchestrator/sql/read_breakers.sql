-- $1: how many at most, those that moved last. The server's time stands in each row, and alone where there is no breaker.
select extract(epoch from c.now)::float8 as now_s, b.name,
  b.state, b.failures, b.generation, coalesce(extract(epoch from b.until), 0)::float8 as until_s
from (select eventlog.clock() as now) c
left join (
  select name, state, failures, generation, until from ops.breakers
  order by changed_at desc
  limit $1
) b on true
