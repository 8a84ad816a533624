-- The position that projection $1 has applied of partition $2, its row locked to commit;
-- no row while somebody else has it.
select position from eventlog.checkpoints
where partition = $2 and projection = $1
for update skip locked
