-- The fact under key $4, if stream $2 of partition $1 held one at version $3.
select f.id, f.entry, f.key, f.value, f.recorded_at, f.tags, f.session, f.call_id, f.expires_at, f.altered,
  coalesce(c.recall_count, 0) as recall_count, c.recalled_at
from readmodel.facts f
left join lateral (
  select r.recall_count, r.recalled_at from readmodel.recall_counts r
  where r.partition = f.partition and r.stream = f.stream and r.entry = f.entry and r.version <= $3
  order by r.version desc limit 1
) c on true
where f.partition = $1 and f.stream = $2 and f.key = $4
  and f.valid_from <= $3 and (f.valid_to is null or f.valid_to > $3)
limit 1
