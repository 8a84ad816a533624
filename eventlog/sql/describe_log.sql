-- One row, nulls where there is no log. Complete: a row for each of 0 to partitions - 1, and no other.
select l.partitions, l.epoch,
  (select count(*) = l.partitions and min(p.partition) = 0 and max(p.partition) = l.partitions - 1
   from eventlog.partitions p) as partitions_complete
from (values (1)) one left join eventlog.log l on true
