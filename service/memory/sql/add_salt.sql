-- See that the agent $2 of partition $1 has a salt for its digests: $3, unless it has one already.
insert into derived.salts (partition, agent_id, salt)
values ($1, $2, $3)
on conflict do nothing
