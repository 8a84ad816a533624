-- How much stream $2 of partition $1 held at version $3.
select s.entities, s.relationships, s.erased
from readmodel.graph_sizes s
where s.partition = $1 and s.stream = $2 and s.version <= $3
order by s.version desc
limit 1
