-- The space whose vectors recall compares in stream $2 of partition $1, and since which version.
select space, model, dimensions, valid_from as since
from readmodel.memory_spaces
where partition = $1 and stream = $2 and valid_to is null
