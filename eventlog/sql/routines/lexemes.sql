-- The words that a text is found by, stemmed. What is beyond its first 65,536 characters is not indexed: so much is sure
-- to fit into a tsvector. `<` is a blank, or the parser would drop what looks like a tag; what goes on for 64 characters
-- without a blank is cut there, or the parser would look back and forth in it for minutes.
create or replace function readmodel.lexemes(p_text text) returns tsvector
  language sql immutable parallel safe as $$
  select to_tsvector('pg_catalog.english'::regconfig,
    regexp_replace(translate(left(p_text, 65536), '<', ' '), '(\S{64})', '\1 ', 'g'))
$$;
