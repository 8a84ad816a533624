-- Where the start of a session was erased, its task is gone from all that was forked from it.
update sessions as s
set prompt = null, prompt_altered = false
from unnest($1::int[], $2::text[], $3::bigint[]) as u(partition, stream, version)
where u.version = 1 and s.partition = u.partition and s.origin = substr(u.stream, 9)::uuid
