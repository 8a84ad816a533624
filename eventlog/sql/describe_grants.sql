-- $1: the application role. What it may do beyond its rights, and what of them it lacks, as "verb thing".
with role as (select oid from pg_roles where rolname = $1),
wanted (name, verbs) as (
  select format('%I.%I', schemaname, tablename),
    case
      when schemaname = 'eventlog' and tablename not in ('checkpoints', 'parked')
        or schemaname = 'ops' and tablename in ('routines', 'alembic_version') then array['select']
      else array['select', 'insert', 'update', 'delete']
    end
  from pg_tables where schemaname in ('eventlog', 'readmodel', 'derived', 'ops')
),
privilege (what, is_wanted, is_given) as (
  select verb || ' ' || name, verb = any (verbs), has_table_privilege(oid, name, verb)
  from role, wanted, unnest(array['select', 'insert', 'update', 'delete', 'truncate']) verb
  union all
  select 'use schema ' || nspname, true, has_schema_privilege(role.oid, n.oid, 'usage')
  from role, pg_namespace n where nspname in ('eventlog', 'readmodel', 'derived', 'analytics', 'ops')
  union all
  select format('execute %s.%s', pronamespace::regnamespace, proname),
    proname in ('append', 'digest', 'clock', 'lexemes', 'faded', 'allowed', 'near', 'recall'),
    has_function_privilege(role.oid, p.oid, 'execute')
  from role, pg_proc p where pronamespace in ('eventlog'::regnamespace, 'readmodel'::regnamespace)
)
select exists (select from role) as role_exists,
  coalesce((select array_agg(what order by what) from privilege where is_given and not is_wanted), '{}') as too_much,
  coalesce((select array_agg(what order by what) from privilege where is_wanted and not is_given), '{}') as too_little,
  (select count(*) = 2 from pg_trigger
   where tgrelid = 'eventlog.events'::regclass and not tgisinternal and tgenabled in ('O', 'A')
     and tgname in ('events_never_change', 'events_are_never_emptied')) as guarded
