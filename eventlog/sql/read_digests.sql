-- What a digest is made of, for $4 events of a stream behind version $3.
select version, event_id, type, schema_version, recorded_at, metadata, data, salt, digest
from eventlog.events
where partition = $1 and stream = $2 and version > $3
order by version
limit $4
