-- Projection $1 has taken up what it had left aside.
delete from eventlog.parked where projection = $1
