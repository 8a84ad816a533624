-- The views that rest on the tables $1, directly or through other views, with what makes each anew; the lowest first.
with recursive dependents(oid, depth) as (
  select unnest($1::text[])::regclass::oid, 0
  union
  select r.ev_class, d.depth + 1
  from dependents d
  join pg_depend p on p.refclassid = 'pg_class'::regclass and p.refobjid = d.oid and p.classid = 'pg_rewrite'::regclass
  join pg_rewrite r on r.oid = p.objid and r.ev_class <> d.oid
)
select format('%I.%I', n.nspname, v.relname) as name,
  format('create view %I.%I%s as %s', n.nspname, v.relname,
    ' with (' || array_to_string(v.reloptions, ', ') || ')', pg_get_viewdef(v.oid)) as definition
from (select oid, max(depth) as depth from dependents where depth > 0 group by oid) d
join pg_class v on v.oid = d.oid and v.relkind = 'v'
join pg_namespace n on n.oid = v.relnamespace
order by d.depth, name
