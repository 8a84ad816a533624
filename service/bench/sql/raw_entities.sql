-- The entities of a graph as they are now.
select id, label from readmodel.entities where partition = 0 and stream = $1 and valid_to is null
