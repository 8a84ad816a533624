-- The time now; a session may set `agent_runtime.now` (text of a timestamptz), so that tests can move the clock.
create or replace function eventlog.clock() returns timestamptz
  language sql volatile parallel safe as $$
  select coalesce(nullif(current_setting('agent_runtime.now', true), '')::timestamptz, clock_timestamp())
$$;
