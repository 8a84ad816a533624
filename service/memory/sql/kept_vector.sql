-- The vector in space $3 of the text with digest $4, of the agent $2 of partition $1.
select embedding::real[] as embedding from derived.vectors
where partition = $1 and agent_id = $2 and space = $3 and digest = $4
