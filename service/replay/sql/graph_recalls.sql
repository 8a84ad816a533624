-- Where the graph of agent $2 was read as of a version from $3 on: sessions' streams and versions, and what was said.
select e.stream, e.version, e.schema_version, e.data
from eventlog.events e
where e.partition = $1 and e.agent_id = $2 and e.type = 'graph_recalled' and e.data is not null
  and (e.data ->> 'version')::bigint >= $3
order by e.position
limit $4
