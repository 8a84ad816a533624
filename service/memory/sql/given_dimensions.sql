-- How many numbers the vectors have that callers gave to stream $2 of partition $1: the first one fixed it.
select vector_dims(v.embedding)
from readmodel.vectors v
where v.partition = $1 and v.stream = $2 and v.space = 'given'
order by v.entry
limit 1
