-- Takes up to $3 rows of a stream out of one table.
delete from table_of_stream
where ctid = any (array(select ctid from table_of_stream where partition = $1 and stream = $2 limit $3))
