-- Keep key $1, named $2, with digest $3, scopes $4, agents $5 (null: all), good until $6 (null: for ever).
insert into ops.keys (id, name, digest, scopes, agents, expires_at)
values ($1, $2, $3, $4, $5, $6)
returning id, name, scopes, agents, created_at, expires_at, revoked_at
