-- Whether there was ever a key, and whether one is good now.
select exists (select from ops.keys) as any,
  exists (select from ops.keys where revoked_at is null and (expires_at is null or expires_at > now())) as good
