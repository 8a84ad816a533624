-- The relationships of a graph as they are now.
select source, target, weight from readmodel.relationships where partition = 0 and stream = $1 and valid_to is null
