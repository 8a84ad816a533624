-- Where the memory of id $2 was recalled and told: sessions, and the versions that say so.
select distinct session_id, version from readmodel.recalls
where partition = $1 and item = $2 and told
order by session_id, version
limit $3
