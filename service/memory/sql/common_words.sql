-- Which of some words say something, and whether more than a share of $5 of what is held at version $3, and more than
-- $6 entries, have them. A word with several stems is as common as the rarest of them; a stop word has none and is not
-- given.
with held as materialized (
  select greatest(c.entries * $5::float8, $6::int)::bigint as most
  from readmodel.corpora c
  where c.partition = $1 and c.stream = $2 and c.version <= $3
  order by c.version desc
  limit 1
)
select u.word, min(d.entries) > h.most as common
from unnest($4::text[]) u(word)
cross join held h
cross join lateral unnest(tsvector_to_array(readmodel.lexemes(u.word))) l(lexeme)
cross join lateral (
  select count(*) as entries
  from (
    select p.entry from readmodel.postings p
    where p.partition = $1 and p.stream = $2 and p.lexeme = l.lexeme
      and p.entry <= $3 and (p.valid_to is null or p.valid_to > $3)
    limit h.most + 1
  ) a
) d
group by u.word, h.most
