-- What the entries $4 of stream $2 of partition $1 say, as of version $3; `data` is the event's own, with its type,
-- where a text of it held what PostgreSQL cannot.
select c.*, v.data, v.type, v.schema_version
from (
  select e.entry, e.id, e.content, e.tags, e.session, e.content_altered as altered from readmodel.episodes e
  where e.partition = $1 and e.stream = $2 and e.entry = any ($4::bigint[])
    and e.valid_from <= $3 and (e.valid_to is null or e.valid_to > $3)
  union all
  select f.entry, f.id, f.key || ': ' || f.value, f.tags, f.session, f.altered from readmodel.facts f
  where f.partition = $1 and f.stream = $2 and f.entry = any ($4::bigint[])
    and f.valid_from <= $3 and (f.valid_to is null or f.valid_to > $3)
) c
left join lateral (
  select v.data::text as data, v.type, v.schema_version from eventlog.events v
  where c.altered and v.partition = $1 and v.stream = $2 and v.version = c.entry
  offset 0
) v on true
