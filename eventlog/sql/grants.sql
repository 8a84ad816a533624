-- What the application role may do: read the log and append to it, and keep the rows that are folded from it.
-- Applied after every migration; what is not granted here is taken away.
revoke all on schema eventlog, readmodel, derived, analytics, ops from public;
revoke all on all tables in schema eventlog, readmodel, derived, analytics, ops from public, agent_runtime_app;
revoke all on all routines in schema eventlog, readmodel, analytics from public, agent_runtime_app;

grant usage on schema eventlog, readmodel, derived, analytics, ops to agent_runtime_app;
grant select on all tables in schema eventlog, analytics to agent_runtime_app;
grant execute on function eventlog.append, eventlog.digest, eventlog.clock to agent_runtime_app;  -- never `erase`
grant execute on all functions in schema analytics to agent_runtime_app;
grant execute on function readmodel.lexemes, readmodel.faded, readmodel.allowed, readmodel.near, readmodel.recall to agent_runtime_app;
grant insert, update, delete on eventlog.checkpoints, eventlog.parked to agent_runtime_app;
grant select, insert, update, delete on all tables in schema readmodel, derived, ops to agent_runtime_app;
revoke insert, update, delete on ops.routines, ops.alembic_version from agent_runtime_app;

-- For what a rebuild makes anew.
alter default privileges in schema readmodel, derived
  grant select, insert, update, delete on tables to agent_runtime_app;
alter default privileges in schema analytics grant select on tables to agent_runtime_app;
