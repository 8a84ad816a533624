-- Forget the digests of entries of stream $2 in partition $1 whose data was erased; $3 are the entries, null for all.
delete from derived.digests d
using eventlog.events e
where d.partition = $1 and d.stream = $2 and ($3::uuid[] is null or d.id = any ($3))
  and e.partition = d.partition and e.event_id = d.id and e.data is null
