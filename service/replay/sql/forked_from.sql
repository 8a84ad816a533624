-- The forks of session $2 that share its event of version $3, and theirs; where each left its parent.
with recursive f(id, forked_at) as (
  select s.id, s.forked_at from readmodel.sessions s
  where s.partition = $1 and s.parent = $2 and s.forked_at >= $3
  union
  select s.id, s.forked_at from readmodel.sessions s join f on s.partition = $1 and s.parent = f.id
)
select id, forked_at from f order by id limit $4
