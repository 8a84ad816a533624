-- How many entries of a memory wait for a vector.
select count(*) from readmodel.unembedded where stream = $1
