-- The same of relationships, each by its ends and its kind.
select e.valid_from as version
from unnest($3::text[], $4::text[], $5::text[]) as u(source, target, kind)
join readmodel.relationships e
  on e.partition = $1 and e.stream = $2 and e.source = u.source and e.target = u.target and e.kind = u.kind
where e.valid_from <= $6 and (e.valid_to is null or e.valid_to > $6)
