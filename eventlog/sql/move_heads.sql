-- Projection $2 has applied the streams $3 of partition $1 up to the versions $4.
insert into heads as h (partition, projection, stream, version)
select $1, $2, u.stream, u.version
from unnest($3::text[], $4::bigint[]) as u(stream, version)
on conflict (partition, projection, stream) do update set version = excluded.version
