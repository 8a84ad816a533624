-- As if no projection had ever run: every table of the read models empty, no checkpoint kept.
do $$
declare
  v_tables text;
begin
  select string_agg(format('%I.%I', schemaname, tablename), ', ') into v_tables
  from pg_tables where schemaname = 'readmodel';
  execute 'truncate ' || v_tables;
  delete from eventlog.checkpoints;
end;
$$
