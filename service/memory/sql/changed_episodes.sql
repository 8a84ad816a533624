-- The episodes of stream $2 in partition $1 that came, went or were pinned behind version $3, up to version $4; of
-- those that went also what the event said that took them.
with touched as (
  select distinct id from readmodel.episodes
  where partition = $1 and stream = $2
    and (valid_from > $3 and valid_from <= $4 or valid_to > $3 and valid_to <= $4)
)
select t.id, coalesce(a.content, b.content) as content, b.id is not null as before, a.id is not null as after,
  coalesce(b.pinned, false) as was_pinned, coalesce(a.pinned, false) as is_pinned,
  g.type as went_by, g.data as went_data
from touched t
left join readmodel.episodes b
  on b.partition = $1 and b.stream = $2 and b.id = t.id
    and b.valid_from <= $3 and (b.valid_to is null or b.valid_to > $3)
left join readmodel.episodes a
  on a.partition = $1 and a.stream = $2 and a.id = t.id
    and a.valid_from <= $4 and (a.valid_to is null or a.valid_to > $4)
left join lateral (
  select e.type, e.data from readmodel.episodes l
  join eventlog.events e on e.partition = $1 and e.stream = $2 and e.version = l.valid_to
  where l.partition = $1 and l.stream = $2 and l.id = t.id and l.valid_to <= $4
  order by l.valid_to desc limit 1
) g on a.id is null
where (b.id is null) <> (a.id is null) or b.pinned <> a.pinned
order by coalesce(a.entry, b.entry)
