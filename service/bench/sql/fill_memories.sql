-- The rows that the projector would have written of `copied_memories`.
do $$
begin
  insert into readmodel.episodes (
    partition, stream, id, valid_from, entry, importance, timestamp, words, pinned, content_altered, tags, content)
  select 0, c.stream, gen_random_uuid(), c.entry, c.entry, 0.5, '2026-01-01Z', 0, false, false, '{}', c.content
  from public.copied_memories c;

  insert into readmodel.vectors (partition, stream, space, entry, valid_from, embedding)
  select 0, c.stream, 'given', c.entry, c.entry, c.embedding from public.copied_memories c;

  insert into readmodel.postings (partition, stream, lexeme, entry, tf, words)
  select 0, s.stream, l.lexeme, s.entry, cardinality(l.positions), s.words
  from (
    select t.*, (select sum(cardinality(l.positions)) from unnest(t.lexemes) l) as words
    from (select c.stream, c.entry, readmodel.lexemes(c.content) as lexemes from public.copied_memories c offset 0) t
    offset 0
  ) s
  cross join lateral unnest(s.lexemes) l
  order by s.stream, l.lexeme collate "C", s.entry;

  insert into readmodel.corpora (partition, stream, version, entries, words)
  select 0, t.stream, t.entry, row_number() over so_far, sum(t.words) over so_far
  from (
    select p.stream, p.entry, max(p.words) as words from readmodel.postings p
    where p.stream in (select c.stream from public.copied_memories c) group by p.stream, p.entry
  ) t
  window so_far as (partition by t.stream order by t.entry);

  insert into readmodel.heads (projection, partition, stream, version)
  select 'memory', 0, c.stream, max(c.entry) from public.copied_memories c group by c.stream;

  drop table public.copied_memories;
end;
$$
