insert into public.plain_events (agent_id, stream, version, event_id, type, schema_version, data, metadata)
values ($1, $2, $3, $4, $5, $6, $7, $8)
