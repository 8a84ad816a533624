-- The working memory of stream $2 in partition $1 as it was at version $3, in the order of keys.
select key, value, altered
from readmodel.working_memory
where partition = $1 and stream = $2 and valid_from <= $3 and (valid_to is null or valid_to > $3)
order by key
