-- Forget the digests of those entries of the streams $2 in partitions $1 whose text was erased.
delete from derived.digests d
using unnest($1::int[], $2::text[]) as s(partition, stream), eventlog.events e
where d.partition = s.partition and d.stream = s.stream
  and e.partition = d.partition and e.event_id = d.id and e.data is null
