-- One agent's own index on nearness; the names in braces are written out. A vector of other dimensions, which nothing
-- should have brought along, is left out: it must not keep its entry from being remembered.
create index concurrently {name} on readmodel.vectors
using hnsw ((embedding::vector({dimensions})) vector_ip_ops)
where partition = {partition} and stream = {stream} and space = {space} and valid_to is null
  and vector_dims(embedding) = {dimensions}
