-- The floor of an append: what an event says, an identity, and the one constraint without which nothing is a stream.
create table public.plain_events (
  id bigint generated always as identity primary key,
  agent_id text not null,
  stream text not null,
  version bigint not null,
  event_id uuid not null,
  type text not null,
  schema_version smallint not null,
  data json not null,
  metadata json not null,
  recorded_at timestamptz not null default clock_timestamp(),
  unique (stream, version)
)
