-- What entities that were put may be called.
insert into entity_names (partition, stream, id, valid_from, valid_to, name)
select u.partition, u.stream, u.id, u.version, u.valid_to, u.name
from unnest($1::int[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[])
  as u(partition, stream, id, version, valid_to, name)
