-- Keep which digests $4 the texts of the entries $3 have, of stream $2 in partition $1.
insert into derived.digests (partition, stream, id, digest)
select $1, $2, u.id, u.digest
from unnest($3::uuid[], $4::bytea[]) as u(id, digest)
on conflict do nothing
