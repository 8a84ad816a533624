-- The words of new entries; gives each entry's length. Added in the order of the index, a word's rows stand together.
with entries as materialized (
  select u.partition, u.stream, u.entry, u.valid_to, readmodel.lexemes(u.text) as lexemes
  from unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
    as u(partition, stream, entry, valid_to, text)
), sized as materialized (
  select e.*, (select coalesce(sum(cardinality(l.positions)), 0)::int from unnest(e.lexemes) l) as words from entries e
), added as (
  insert into postings (partition, stream, lexeme, entry, valid_to, tf, words)
  select s.partition, s.stream, l.lexeme, s.entry, s.valid_to, cardinality(l.positions), s.words
  from sized s cross join lateral unnest(s.lexemes) l
  order by s.stream, l.lexeme collate "C", s.entry
)
select stream, entry, words from sized
