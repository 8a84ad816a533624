-- How far stream $2 of partition $1 has come in the log and in the rows of projection $3, and whether it is parked.
select coalesce((select s.version from eventlog.streams s where s.partition = $1 and s.stream = $2), 0) as logged,
  coalesce((
    select h.version from readmodel.heads h
    where h.partition = $1 and h.projection = $3 and h.stream = $2), 0) as projected,
  exists (
    select from eventlog.parked p
    where p.partition = $1 and p.projection = $3 and p.stream = $2) as parked
