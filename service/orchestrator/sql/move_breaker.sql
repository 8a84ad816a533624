-- $1 name; $2 … $5 the circuit from now on: state, failures, generation, until in seconds of the epoch (0: none);
-- $6 … $8: failures, generation and until of the circuit that this rests on.
-- Gives true, or nothing where the circuit is another by now.
insert into ops.breakers as b (name, state, failures, generation, until, changed_at)
values ($1, $2, $3, $4, to_timestamp(nullif($5::float8, 0)), eventlog.clock())
on conflict (name) do update set
  state = excluded.state, failures = excluded.failures, generation = excluded.generation,
  until = excluded.until, changed_at = excluded.changed_at
where b.failures = $6 and b.generation = $7 and b.until is not distinct from to_timestamp(nullif($8::float8, 0))
returning true
