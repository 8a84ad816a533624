-- How far graph stream $2 of partition $1 has come in the log and in its rows, whether these are parked, and which
-- version was its last erasure: of those behind the rows only the last $3 are looked at.
with here as (
  select
    coalesce((select s.version from eventlog.streams s where s.partition = $1 and s.stream = $2), 0) as logged,
    coalesce((
      select h.version from readmodel.heads h
      where h.partition = $1 and h.projection = 'graph' and h.stream = $2), 0) as projected,
    exists (
      select from eventlog.parked p
      where p.partition = $1 and p.projection = 'graph' and p.stream = $2) as parked
)
select h.logged, h.projected, h.parked,
  coalesce(
    (
      select max(e.version) from eventlog.events e
      where e.partition = $1 and e.stream = $2 and e.version > greatest(h.projected, h.logged - $3)
        and e.type = 'events_erased'
    ),
    (
      select g.erased from readmodel.graph_sizes g
      where g.partition = $1 and g.stream = $2 and g.version <= h.projected
      order by g.version desc limit 1
    ),
    0) as erased
from here h
