insert into ops.routines (name, hash) values ($1, $2)
on conflict (name) do update set hash = excluded.hash, applied_at = now()
