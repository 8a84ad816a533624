-- That it happened stays; what it happened to goes with the event.
update changes as c
set subject = null, detail = null, altered = false
from unnest($1::int[], $2::text[], $3::bigint[]) as u(partition, stream, version)
where c.partition = u.partition and c.stream = u.stream and c.version = u.version
