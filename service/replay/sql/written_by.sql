-- What calls of session $2 wrote into the memory $3 and the graph $4 of partition $1: stream, version, and which call;
-- of a session's own episode, none.
select 'memory' as part, w.version, w.call_id from (
  select entry as version, call_id, session from readmodel.episodes where partition = $1 and stream = $3
  union
  select entry, call_id, session from readmodel.facts where partition = $1 and stream = $3
) w where w.session = $2
union
select 'graph', w.version, w.call_id from (
  select valid_from as version, call_id, session from readmodel.entities where partition = $1 and stream = $4
  union
  select valid_from, call_id, session from readmodel.relationships where partition = $1 and stream = $4
) w where w.session = $2
order by part, version
limit $5
