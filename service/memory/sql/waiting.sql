-- Whether entries of stream $2 in partition $1 wait for a vector in space $3.
select exists (
  select from readmodel.unembedded u
  left join readmodel.memory_spaces m on m.partition = u.partition and m.stream = u.stream and m.valid_to is null
  where u.partition = $1 and u.stream = $2 and (m.space is null or m.space = $3))
