-- The request with digest $1: as it came first, or, now, with id $2, salt $3 and the digest of its body $4.
insert into ops.requests (digest, id, salt, body)
values ($1, $2, $3, $4)
on conflict (digest) do update set digest = excluded.digest  -- So that the row is returned, whoever made it.
returning id, salt, body
