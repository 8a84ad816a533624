-- Keep that $3 did $2, with detail $4, under id $1.
insert into ops.audit (id, action, actor, detail) values ($1, $2, $3, $4::jsonb)
