-- Episode $4, if stream $2 of partition $1 held it at version $3.
select e.id, e.entry, e.content, e.importance, e.timestamp, e.tags, e.session, e.call_id, e.expires_at, e.pinned,
  e.content_altered as altered, coalesce(c.recall_count, 0) as recall_count, c.recalled_at
from readmodel.episodes e
left join lateral (
  select r.recall_count, r.recalled_at from readmodel.recall_counts r
  where r.partition = e.partition and r.stream = e.stream and r.entry = e.entry and r.version <= $3
  order by r.version desc limit 1
) c on true
where e.partition = $1 and e.stream = $2 and e.id = $4
  and e.valid_from <= $3 and (e.valid_to is null or e.valid_to > $3)
limit 1
