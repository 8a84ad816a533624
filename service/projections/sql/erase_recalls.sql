-- What was found goes with the event that told of it.
delete from recalls as t
using unnest($1::int[], $2::text[], $3::bigint[]) as u(partition, stream, version)
where t.partition = u.partition and t.session_id = substr(u.stream, 9)::uuid and t.version = u.version
