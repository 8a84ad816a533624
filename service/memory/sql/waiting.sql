-- Whether entries of stream $2 in partition $1 wait for a vector in space $3. Agent $4's text that has a digest and no
-- vector was given to the embedder and refused: nobody need wait for that.
select exists (
  select from readmodel.unembedded u
  left join readmodel.memory_spaces m on m.partition = u.partition and m.stream = u.stream and m.valid_to is null
  where u.partition = $1 and u.stream = $2 and (m.space is null or m.space = $3)
    and not exists (
      select from (
        select e.id from readmodel.episodes e
        where e.partition = u.partition and e.stream = u.stream and e.entry = u.entry and e.valid_to is null
        union all
        select f.id from readmodel.facts f
        where f.partition = u.partition and f.stream = u.stream and f.entry = u.entry and f.valid_to is null
      ) t
      join derived.digests g on g.partition = u.partition and g.stream = u.stream and g.id = t.id
      where not exists (
        select from derived.vectors v
        where v.partition = u.partition and v.agent_id = $4 and v.space = $3 and v.digest = g.digest)))
