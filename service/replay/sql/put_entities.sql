-- The versions of stream $2 at which entities of the ids $3 were put last, as of version $4.
select e.id, e.valid_from as version from readmodel.entities e
where e.partition = $1 and e.stream = $2 and e.id = any ($3::text[])
  and e.valid_from <= $4 and (e.valid_to is null or e.valid_to > $4)
