-- Forget the vectors of the agent $2 of partition $1 that no entry of its streams $3 has a digest of: what was erased,
-- and what was asked, which may have held the same words.
delete from derived.vectors v
where v.partition = $1 and v.agent_id = $2 and not exists (
  select from derived.digests d
  where d.partition = v.partition and d.stream = any ($3::text[]) and d.digest = v.digest)
