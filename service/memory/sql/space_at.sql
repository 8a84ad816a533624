-- The space that recall compared in at version $3.
select s.space, s.model, s.dimensions
from readmodel.memory_spaces s
where s.partition = $1 and s.stream = $2 and s.valid_from <= $3 and (s.valid_to is null or s.valid_to > $3)
order by s.valid_from desc
limit 1
