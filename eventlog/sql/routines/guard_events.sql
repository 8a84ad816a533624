-- Refuses every change of a recorded event, its owner's too: the log is append-only. Raises AR101.
-- One thing passes: `eventlog.erase`, which alone sets `agent_runtime.erasing` for its transaction, may take data and
-- salt away, together. (Not on Citus, which has no triggers; there the grants stand alone.)
create or replace function eventlog.guard_events() returns trigger
  language plpgsql set search_path = pg_catalog as $$
begin
  if tg_op = 'UPDATE' and current_setting('agent_runtime.erasing', true) = 'on' then
    if new.data is null and new.salt is null
      and (new.partition, new.position, new.agent_id, new.stream, new.version, new.event_id, new.type,
        new.schema_version, new.metadata::text, new.digest, new.recorded_at)
      = (old.partition, old.position, old.agent_id, old.stream, old.version, old.event_id, old.type,
        old.schema_version, old.metadata::text, old.digest, old.recorded_at)
    then
      return new;
    end if;
  end if;
  raise exception 'eventlog.events is append-only: % is refused', lower(tg_op) using errcode = 'AR101';
end;
$$;

create or replace trigger events_never_change before update or delete on eventlog.events
  for each row execute function eventlog.guard_events();

create or replace trigger events_are_never_emptied before truncate on eventlog.events
  for each statement execute function eventlog.guard_events();
