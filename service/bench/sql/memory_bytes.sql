-- Bytes on disk of the log and of memory's read models, by what they are there for; TOAST counts with its table.
select t.part, sum(t.bytes)::bigint as bytes
from (
  select case
      when n.nspname = 'eventlog' then 'events'
      when c.relname = 'postings' then 'words'
      when c.relname = 'vectors' then 'vectors'
      else 'rows'
    end as part, pg_table_size(c.oid) as bytes
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('eventlog', 'readmodel') and c.relkind = 'r'
  union all
  select case
      when n.nspname = 'eventlog' then 'events'
      when c.relname = 'postings' then 'words_indexes'
      when c.relname = 'vectors' then 'vectors_indexes'
      else 'rows_indexes'
    end, pg_indexes_size(c.oid)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('eventlog', 'readmodel') and c.relkind = 'r'
) t
group by t.part
order by t.part
