-- The digest of one event: SHA-256 over its fields, each behind its length in bytes (int4, network order).
-- Versions are int8, the schema version is int2, the time is microseconds since 1970 (int8).
-- Stable, not immutable, as `textsend` is: only so is the body written into the statement that calls it.
create or replace function eventlog.digest(
  p_salt bytea, p_stream text, p_version bigint, p_event_id uuid, p_type text, p_schema_version smallint,
  p_recorded_us bigint, p_metadata text, p_data text
) returns bytea language sql stable parallel safe as $$
  select sha256(
    '\x00000010'::bytea || p_salt
    || int4send(octet_length(p_stream)) || textsend(p_stream)
    || '\x00000008'::bytea || int8send(p_version)
    || '\x00000010'::bytea || uuid_send(p_event_id)
    || int4send(octet_length(p_type)) || textsend(p_type)
    || '\x00000002'::bytea || int2send(p_schema_version)
    || '\x00000008'::bytea || int8send(p_recorded_us)
    || int4send(octet_length(p_metadata)) || textsend(p_metadata)
    || int4send(octet_length(p_data)) || textsend(p_data))
$$;
