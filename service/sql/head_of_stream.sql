-- The version that stream $2 of partition $1 has come to by its own account.
select version from eventlog.streams where partition = $1 and stream = $2
