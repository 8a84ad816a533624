-- The heads that projection $1 came to while it was rebuilt.
insert into readmodel.heads select * from readmodel_next.heads where projection = $1
