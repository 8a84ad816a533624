-- What is remembered without events, on its way into the tables.
create unlogged table public.copied_memories (stream text, entry bigint, content text, embedding vector(384))
