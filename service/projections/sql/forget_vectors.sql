-- Forget the vectors of the agents $2 in partitions $1 whose digest no entry has: what was made of erased texts, and of
-- what was asked, which may have held the same words. No two agents have a digest in common.
delete from derived.vectors v
using unnest($1::int[], $2::text[]) as a(partition, agent_id)
where v.partition = a.partition and v.agent_id = a.agent_id and not exists (
  select from derived.digests d where d.partition = v.partition and d.digest = v.digest)
