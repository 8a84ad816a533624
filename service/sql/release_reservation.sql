-- $1 partition, $2 reservation. It holds nothing back any more.
delete from ops.reservations where partition = $1 and id = $2
