-- Key $1 is good no longer; one that was revoked before stays revoked from then on.
update ops.keys set revoked_at = coalesce(revoked_at, now())
where id = $1
returning id, name, scopes, agents, created_at, expires_at, revoked_at
