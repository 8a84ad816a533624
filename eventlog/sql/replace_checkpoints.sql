-- Projection $1 has applied the partitions $2 up to the positions $3.
insert into eventlog.checkpoints as c (projection, partition, position)
select $1, u.partition, u.position from unnest($2::int[], $3::bigint[]) as u(partition, position)
on conflict (partition, projection) do update set position = excluded.position
