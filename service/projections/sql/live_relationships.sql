-- Which of some relationships are live.
select u.partition, u.stream, u.source, u.target, u.kind
from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[]) as u(partition, stream, source, target, kind)
cross join lateral (
  select r.valid_to from relationships r
  where r.partition = u.partition and r.stream = u.stream and r.source = u.source and r.target = u.target
    and r.kind = u.kind
  order by r.valid_from desc
  limit 1
) last
where last.valid_to is null
