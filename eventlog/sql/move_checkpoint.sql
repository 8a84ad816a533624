-- Projection $1 has applied partition $2 up to position $3.
update eventlog.checkpoints set position = $3
where partition = $2 and projection = $1
