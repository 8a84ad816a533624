-- The newest keys first, at most $1 of them.
select id, name, scopes, agents, created_at, expires_at, revoked_at
from ops.keys
order by created_at desc, id
limit $1
