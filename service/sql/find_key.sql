-- Key $1, and whether it is good at this moment of the server's clock.
select id, name, digest, scopes, agents, created_at, expires_at, revoked_at,
  revoked_at is null and (expires_at is null or expires_at > now()) as good
from ops.keys
where id = $1
