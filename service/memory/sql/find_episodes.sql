-- Ids of live episodes of stream $2 in partition $1 that begin or end with $3, at most $4 of them.
select id
from readmodel.episodes
where partition = $1 and stream = $2 and valid_to is null and (id::text like $3 || '%' or id::text like '%' || $3)
order by entry desc
limit $4
