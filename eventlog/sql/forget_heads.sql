-- The heads of projection $1, which others replace.
delete from readmodel.heads where projection = $1
