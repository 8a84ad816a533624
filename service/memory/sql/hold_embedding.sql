-- Whether this connection is now the one, of all in this database, that embeds in space $1.
select pg_try_advisory_lock(hashtextextended('agent-runtime embeds in ' || $1, 0))
