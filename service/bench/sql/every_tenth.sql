-- What a memory holds, one of ten: its oldest, and so on.
select id::text from readmodel.episodes where stream = $1 and valid_to is null and entry % 10 = 0 order by entry
