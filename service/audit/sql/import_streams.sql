-- The heads of streams that were imported.
insert into eventlog.streams (partition, stream, version, epoch)
select * from unnest($1::int[], $2::text[], $3::bigint[], $4::int[])
