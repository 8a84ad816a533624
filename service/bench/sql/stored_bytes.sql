-- Bytes of the log and the read models on disk, with indexes and what lies in TOAST.
select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('eventlog', 'readmodel') and c.relkind = 'r'
