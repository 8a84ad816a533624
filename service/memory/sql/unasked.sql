-- Without a question: the $5 entries that a policy puts first, of those in $4, as of version $3 and time $6; of equals
-- the older; ordered by what is rounded to 1e-6. $7 is the policy; $8 and $9 its recency and frequency weights, $10 its
-- tau in hours, $11 the half-life in hours or null, $12 to $14 the floor of recency and the gains of frequency and
-- importance. PostgreSQL raises where a product is less than it can tell from nothing: so what is as good as nothing,
-- of importance here and of weights and gains in who asks, is nothing.
with counted as materialized (
  select distinct on (r.entry) r.entry, r.recall_count, r.recalled_at
  from readmodel.recall_counts r
  where r.partition = $1 and r.stream = $2 and r.version <= $3
  order by r.entry, r.version desc
), held as materialized (
  select e.entry, 'episode' as kind, e.importance, e.timestamp as happened, e.session, e.ordinal
  from readmodel.episodes e
  where e.partition = $1 and e.stream = $2 and e.valid_from <= $3 and (e.valid_to is null or e.valid_to > $3)
  union all
  select f.entry, 'fact', 0.5, f.recorded_at, f.session, null
  from readmodel.facts f
  where $7 = 'relevance'
    and f.partition = $1 and f.stream = $2 and f.valid_from <= $3 and (f.valid_to is null or f.valid_to > $3)
), aged as materialized (
  select h.*, case when h.importance < 1e-100::float8 then 0 else least(h.importance, 1) end as valued,
    coalesce(c.recall_count, 0) as recall_count, c.recalled_at,
    max(c.recall_count) filter (where h.kind = 'episode') over () as most,
    greatest(extract(epoch from $6::timestamptz - h.happened)::float8 / 3600, 0) as age,
    greatest(extract(epoch from $6::timestamptz - c.recalled_at)::float8 / 3600, 0) as idle
  from held h
  left join counted c on c.entry = h.entry
)
select a.entry, a.kind, null::float8 as distance, 0::bigint as words, 0::bigint as all_words, a.importance, a.happened,
  a.recall_count, a.recalled_at, a.session, a.ordinal, greatest(a.most, 1) as most
from aged a
join unnest($4::bigint[]) l (entry) on l.entry = a.entry
order by round(1e6::float8 * case $7
    when 'importance' then a.valued * readmodel.faded(a.age, $11::float8)
    when 'hybrid' then a.valued * readmodel.faded(a.age, $11::float8)
      + $8::float8 * exp(-least(a.age / greatest($10::float8, 1e-9), 400))
      + $9::float8 * a.recall_count / (greatest(a.most, 1) + 1)
    else ($12::float8 + (1 - $12::float8) * readmodel.faded(a.age, $11::float8))
      * (1 + $13::float8 * least(1,
          ln(1 + a.recall_count * readmodel.faded(coalesce(a.idle, 0), $11::float8)) / ln(21::float8)))
      * (1 + $14::float8 * (a.importance - 0.5))
  end) desc, a.entry
limit $5
