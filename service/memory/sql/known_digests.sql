-- Which of the digests $4 the agent $2 of partition $1 has vectors for, in space $3.
select digest from derived.vectors
where partition = $1 and agent_id = $2 and space = $3 and digest = any ($4::bytea[])
