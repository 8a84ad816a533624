-- What erased events had said is gone: prompt and model with the start, answer and reasons with the end,
-- whose cause is then that it was erased, as the fold has it.
-- Which tokens were theirs a row can't tell, so no sum is left.
update sessions as s
set input_tokens = null, output_tokens = null, cached_tokens = null,
  prompt_altered = s.prompt_altered and s.started_version <> all (c.versions),
  answer_altered = s.answer_altered and s.settled_version <> all (c.versions),
  prompt = case when s.started_version = any (c.versions) then null else s.prompt end,
  model = case when s.started_version = any (c.versions) then null else s.model end,
  answer = case when s.settled_version = any (c.versions) then null else s.answer end,
  cause = case when s.settled_version = any (c.versions) and s.status <> 'running' then 'erased' else s.cause end,
  detail = case when s.settled_version = any (c.versions) then null else s.detail end
from (
  select u.partition, substr(u.stream, 9)::uuid as id, array_agg(u.version) as versions
  from unnest($1::int[], $2::text[], $3::bigint[]) as u(partition, stream, version)
  group by u.partition, u.stream
) c
where s.partition = c.partition and s.id = c.id
