-- The lease epochs of streams $2 of partition $1.
select stream, epoch from eventlog.streams where partition = $1 and stream = any ($2::text[])
