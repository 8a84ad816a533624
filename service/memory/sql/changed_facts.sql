-- The keys of stream $2 in partition $1 whose fact at version $4 is another one than at version $3.
with touched as (
  select distinct key from readmodel.facts
  where partition = $1 and stream = $2
    and (valid_from > $3 and valid_from <= $4 or valid_to > $3 and valid_to <= $4)
)
select t.key, b.value as before, a.value as after
from touched t
left join readmodel.facts b
  on b.partition = $1 and b.stream = $2 and b.key = t.key
    and b.valid_from <= $3 and (b.valid_to is null or b.valid_to > $3)
left join readmodel.facts a
  on a.partition = $1 and a.stream = $2 and a.key = t.key
    and a.valid_from <= $4 and (a.valid_to is null or a.valid_to > $4)
where b.id is distinct from a.id
order by t.key
