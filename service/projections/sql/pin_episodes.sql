-- An episode that is pinned, or no longer, goes on in a row of its own.
with pins as materialized (
  select u.*, row_number() over pins_of as nth, lead(u.version) over pins_of as until
  from unnest($1::int[], $2::text[], $3::bigint[], $4::uuid[], $5::boolean[]) as u(partition, stream, version, id, pinned)
  window pins_of as (partition by u.stream, u.id order by u.version)
), closed as (
  update episodes e set valid_to = p.version
  from pins p
  cross join lateral (
    select l.ctid from episodes l
    where l.partition = p.partition and l.stream = p.stream and l.id = p.id
    order by l.valid_from desc
    limit 1
  ) last
  where p.nth = 1 and e.ctid = last.ctid and e.valid_to is null
  returning e.*
)
insert into episodes (
  partition, stream, id, valid_from, valid_to, entry, importance, timestamp, expires_at, ordinal, words, pinned,
  content_altered, session, call_id, tags, content)
select e.partition, e.stream, e.id, p.version, p.until, e.entry, e.importance, e.timestamp, e.expires_at, e.ordinal,
  e.words, p.pinned, e.content_altered, e.session, e.call_id, e.tags, e.content
from pins p join closed e on e.partition = p.partition and e.stream = p.stream and e.id = p.id
