-- The next live entries of stream $2 in partition $1 that have no vector in space $3, behind entry $4: at most $5 of
-- them.
select h.entry, h.id, h.text
from (
  select entry, id, content as text from readmodel.episodes
  where partition = $1 and stream = $2 and valid_to is null
  union all
  select entry, id, key || ': ' || value from readmodel.facts
  where partition = $1 and stream = $2 and valid_to is null
) h
where h.entry > $4 and not exists (
  select from readmodel.vectors v
  where v.partition = $1 and v.stream = $2 and v.space = $3 and v.entry = h.entry)
order by h.entry
limit $5
