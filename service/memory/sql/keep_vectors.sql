-- Keep the vectors $5 of the texts with the digests $4, of the agent $2 of partition $1, in space $3.
insert into derived.vectors (partition, agent_id, space, digest, embedding)
select $1, $2, $3, u.digest, u.embedding::vector
from unnest($4::bytea[], $5::text[]) as u(digest, embedding)
on conflict do nothing
