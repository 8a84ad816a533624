-- What is to be known of role $1 before it may ask; $2 is the application role. No row where there is no such role.
-- `reads_more`: it can read what analysts may not, by what it is or by what it belongs to.
select quote_ident(r.rolname) as quoted,
  r.rolsuper or r.oid = current_user::regrole
    or pg_has_role(r.oid, current_user::regrole, 'MEMBER')
    or pg_has_role(r.oid, $2, 'MEMBER') or pg_has_role(r.oid, 'pg_read_all_data', 'MEMBER') as reads_more,
  r.rolcanlogin as may_log_in
from pg_roles r
where r.rolname = $1
