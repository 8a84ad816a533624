-- Who of stream $2 in partition $1 the entities $4 related to at version $3: by relationships of the kinds $5,
-- to an entity of the labels $6 or one of $7, if any are given; at most $8 of them.
select r.source, r.target
from unnest($4::text[]) as u(id)
cross join lateral (
  select r.source, r.target from readmodel.relationships r
  where r.partition = $1 and r.stream = $2 and r.source = u.id
    and r.valid_from + 0 <= $3 and (r.valid_to is null or r.valid_to > $3)
    and ($5::text[] is null or r.kind = any ($5))
    and ($6::text[] is null or r.target = any ($7) or (
      select e.label = any ($6) from readmodel.entities e
      where e.partition = r.partition and e.stream = r.stream and e.id = r.target
        and e.valid_from <= $3 and (e.valid_to is null or e.valid_to > $3)
      order by e.valid_from desc
      limit 1))
  order by r.target, r.valid_from
  limit $8
) r
limit $8
