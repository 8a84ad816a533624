-- Functions named $1, whatever their parameters. A trigger's is left: it takes none, and its trigger needs it.
select p.oid::regprocedure::text as signature from pg_proc p
where p.pronamespace in ('eventlog'::regnamespace, 'readmodel'::regnamespace, 'analytics'::regnamespace)
  and p.proname = $1 and p.prorettype <> 'trigger'::regtype
