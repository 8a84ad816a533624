-- A row for each episode that was recorded, with its place in its session.
insert into episodes (
  partition, stream, id, valid_from, entry, importance, timestamp, expires_at, ordinal, words, pinned, content_altered,
  session, call_id, tags, content)
select u.partition, u.stream, u.id, u.entry, u.entry, u.importance, u.timestamp, u.expires_at,
  case when u.session is not null then
    row_number() over (partition by u.stream, u.session order by u.entry) + coalesce(
      (select max(e.ordinal) from episodes e
       where e.partition = u.partition and e.stream = u.stream and e.session = u.session), 0)
  end,
  u.words, u.pinned, u.altered, u.session, u.call_id, array(select json_array_elements_text(u.tags::json)), u.content
from unnest($1::int[], $2::text[], $3::bigint[], $4::uuid[], $5::float8[], $6::timestamptz[], $7::timestamptz[],
    $8::int[], $9::boolean[], $10::boolean[], $11::text[], $12::text[], $13::text[], $14::text[])
  as u(partition, stream, entry, id, importance, timestamp, expires_at, words, pinned, altered, session, call_id, tags,
    content)
