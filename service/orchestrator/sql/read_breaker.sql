-- $1: a breaker's name. One row: the server's time, and the circuit, null where nobody ever moved it.
select extract(epoch from c.now)::float8 as now_s,
  b.state, b.failures, b.generation, coalesce(extract(epoch from b.until), 0)::float8 as until_s
from (select eventlog.clock() as now) c
left join ops.breakers b on b.name = $1
