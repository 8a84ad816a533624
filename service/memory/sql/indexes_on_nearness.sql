-- The indexes on nearness that there are, and whether each was made to its end.
select c.relname as name, i.indisvalid as is_valid
from pg_index i
join pg_class c on c.oid = i.indexrelid
where i.indrelid = 'readmodel.vectors'::regclass and starts_with(c.relname, 'vectors_ann_')
order by c.relname
