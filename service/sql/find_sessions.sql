-- Ids of sessions that begin or end with $1 (hexadecimal digits and hyphens), at most $2 of them.
select substr(stream, 9) as id
from eventlog.streams
where stream like 'session-' || $1 || '%' or stream like 'session-%' || $1
order by stream desc
limit $2
