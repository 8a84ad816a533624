-- The words of entries that are gone.
update postings p set valid_to = u.valid_to
from unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[]) as u(partition, stream, entry, valid_to)
cross join lateral (
  (select e.content as text from episodes e
   where e.partition = u.partition and e.stream = u.stream and e.entry = u.entry
   order by e.valid_from desc
   limit 1)
  union all
  (select f.key || ': ' || f.value from facts f
   where f.partition = u.partition and f.stream = u.stream and f.entry = u.entry
   order by f.valid_from desc
   limit 1)
) t
cross join lateral unnest(readmodel.lexemes(t.text)) l
cross join lateral (
  select o.ctid from postings o
  where o.partition = u.partition and o.stream = u.stream and o.lexeme = l.lexeme and o.entry = u.entry
  limit 1
) one
where p.ctid = one.ctid
