-- The streams of which an event, by its version, has changed rows of a graph.
select distinct u.partition, u.stream
from unnest($1::int[], $2::text[], $3::bigint[]) as u(partition, stream, version)
join graph_sizes s on s.partition = u.partition and s.stream = u.stream and s.version = u.version
