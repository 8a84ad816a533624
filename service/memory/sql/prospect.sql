-- How a question to stream $2 of partition $1 is answered best, as of version $3: how much is held, whether $3 is where
-- the rows stand now, and whether the index $4 on nearness can be used.
select
  coalesce((
    select c.entries from readmodel.corpora c where c.partition = $1 and c.stream = $2 and c.version <= $3
    order by c.version desc limit 1), 0) as entries,
  coalesce((
    select h.version from readmodel.heads h where h.partition = $1 and h.projection = 'memory' and h.stream = $2), 0)
    = $3 as is_head,
  exists (
    select from pg_class c
    join pg_index i on i.indexrelid = c.oid
    where c.relname = $4 and c.relnamespace = 'readmodel'::regnamespace and i.indisvalid
  ) as is_indexed
