-- Whether any entry of stream $2 in partition $1 lacks a vector in the stream's space.
select exists (select from readmodel.unembedded where partition = $1 and stream = $2)
