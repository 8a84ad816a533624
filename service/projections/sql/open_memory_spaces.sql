-- Spaces that recall compares vectors of.
insert into memory_spaces (partition, stream, valid_from, valid_to, space, model, dimensions)
select * from unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::int[])
