-- As if the projection of graphs had never run.
do $$
begin
  truncate readmodel.entities, readmodel.relationships, readmodel.entity_names, readmodel.graph_sizes;
  delete from readmodel.heads where projection = 'graph';
  delete from eventlog.checkpoints where projection = 'graph';
end;
$$
