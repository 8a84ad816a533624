-- The 200 best of one agent by words.
select id from public.raw_texts
where agent_id = {agent} and words @@ $1::text::tsquery
order by ts_rank(words, $1::text::tsquery) desc
limit 200
