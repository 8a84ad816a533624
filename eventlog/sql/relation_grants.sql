-- What was granted on the relations $1, as statements that grant it anew.
select format('grant %s on %I.%I to %s%s', a.privilege_type, n.nspname, c.relname,
    case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end,
    case when a.is_grantable then ' with grant option' else '' end) as statement
from unnest($1::text[]) as u(name)
join pg_class c on c.oid = u.name::regclass
join pg_namespace n on n.oid = c.relnamespace
cross join aclexplode(c.relacl) a
where a.grantee <> c.relowner
order by 1
