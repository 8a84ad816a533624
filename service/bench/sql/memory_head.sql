-- The version that the rows of a memory have come to.
select version from readmodel.heads where projection = 'memory' and stream = $1
