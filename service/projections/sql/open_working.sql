-- Entries of working memory, as they were written.
insert into working_memory (partition, stream, key, valid_from, valid_to, used_version, value, altered)
select u.partition, u.stream, u.key, u.version, u.valid_to, u.used_version, u.value, u.altered
from unnest($1::int[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::boolean[])
  as u(partition, stream, key, version, valid_to, used_version, value, altered)
