-- $1: seconds. Removes circuits that are closed and have not moved for so long.
delete from ops.breakers
where state = 'closed' and changed_at < eventlog.clock() - make_interval(secs => $1::float8)
