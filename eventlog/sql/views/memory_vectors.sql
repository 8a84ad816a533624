create or replace view analytics.memory_vectors as
select substr(v.stream, 8) as agent_id, v.entry as recorded_version, v.space, v.valid_from as since_version,
  v.valid_to as until_version, v.embedding
from readmodel.vectors v;

comment on view analytics.memory_vectors is 'The vectors of what agents remember, of length one; pgvector''s operators compare those of one space.';
comment on column analytics.memory_vectors.agent_id is 'Whose memory; of a branch, the agent, ~ and the branch.';
comment on column analytics.memory_vectors.recorded_version is 'The memory that it is of, as memories has it.';
comment on column analytics.memory_vectors.space is 'The embedding space; given is that of vectors which callers gave.';
comment on column analytics.memory_vectors.since_version is 'It holds from this version of the memory''s stream on.';
comment on column analytics.memory_vectors.until_version is 'And before this one; null for now.';
comment on column analytics.memory_vectors.embedding is 'The vector.';
