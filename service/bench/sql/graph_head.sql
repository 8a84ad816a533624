-- The version that the rows of a graph have come to.
select version from readmodel.heads where projection = 'graph' and stream = $1
