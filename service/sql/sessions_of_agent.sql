-- The newest sessions of agent $1 that have ended, at most $2 of them; the newest first.
select id from readmodel.sessions
where agent_id = $1 and ended_at is not null
order by id desc
limit $2
