-- The next entries of stream $2 in partition $1 that wait for a vector, behind entry $3: at most $4 of them.
select u.entry, coalesce(e.id, f.id) as id, coalesce(e.content, f.key || ': ' || f.value) as text
from readmodel.unembedded u
left join readmodel.episodes e
  on e.partition = u.partition and e.stream = u.stream and e.entry = u.entry and e.valid_to is null
left join readmodel.facts f
  on f.partition = u.partition and f.stream = u.stream and f.entry = u.entry and f.valid_to is null
where u.partition = $1 and u.stream = $2 and u.entry > $3 and (e.id is not null or f.id is not null)
order by u.entry
limit $4
