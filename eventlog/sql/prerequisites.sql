-- $1: the application role. "SET" is what a session needs to become it; before 16 every member had that.
select current_user as owner,
  exists (select from pg_roles where rolname = $1) as role_exists,
  coalesce((
    select pg_has_role(current_user, r.oid, case when current_setting('server_version_num')::int >= 160000
      then 'SET' else 'MEMBER' end)
    from pg_roles r where r.rolname = $1), false) as may_set_role,
  exists (select from pg_extension where extname = 'vector') as has_vector
