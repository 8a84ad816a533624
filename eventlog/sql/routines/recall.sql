-- What may answer a question, as of a version of a stream: the p_most entries nearest to a vector, the p_most best by
-- words, and the neighbours of the best of both; with all that they are ranked by.
--   p_space, p_vector  whose nearness counts; null for none
--   p_words            the question, null for none; scored by BM25 (k1 1.2, b 0.75) over stems
--   p_allowed          the entries that may be given; null for all
--   p_near, p_distances  what an index on nearness has found already; null where it is to be looked for here
-- Scores of words are whole millionths, so that they add up alike in any order. `all_words`, the same in every row, is
-- the weight of all words of the question. Costs nothing that depends on statistics: every look-up is by a key.
create or replace function readmodel.recall(
  p_partition int, p_stream text, p_version bigint, p_space text, p_vector real[], p_words text,
  p_allowed bigint[], p_near bigint[], p_distances float8[], p_most int
) returns table (
  entry bigint, kind text, distance float8, words bigint, all_words bigint, importance float8, happened timestamptz,
  expires_at timestamptz, recall_count int, recalled_at timestamptz, session text, ordinal int
)
  language plpgsql stable
  set search_path = pg_catalog, public
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_mergejoin = off
  set enable_nestloop = off
  set max_parallel_workers_per_gather = 0
  set work_mem = '64MB'
as $$
#variable_conflict use_column
declare
  c_words constant int := 64;  -- The rarest words say most; so many bound what a long question costs.
  c_kin constant int := 12;  -- How many of the best of each leg bring their neighbours along.
  v_vector vector := p_vector;
  v_near bigint[] := p_near;
  v_distances float8[] := p_distances;
begin
  if v_near is null and p_vector is not null then
    select array_agg(n.entry), array_agg(n.distance) into v_near, v_distances
    from readmodel.near(p_partition, p_stream, p_space, p_vector, p_version, p_allowed, p_most) n;
  end if;

  return query
  with corpus as materialized (
    select c.entries::float8 as n, 0.9::float8 * c.entries / c.words as per_word
    from readmodel.corpora c
    where c.partition = p_partition and c.stream = p_stream and c.version <= p_version
      and p_words is not null and c.words > 0
    order by c.version desc
    limit 1
  ), weights as materialized (
    select t.lexeme, c.per_word, d.df, 1e6::float8 * ln(1 + (c.n - d.df + 0.5) / (d.df + 0.5)) as weight
    from corpus c
    cross join unnest(tsvector_to_array(readmodel.lexemes(p_words))) t (lexeme)
    cross join lateral (
      select count(*)::float8 as df from readmodel.postings p
      where p.partition = p_partition and p.stream = p_stream and p.lexeme = t.lexeme
        and p.entry <= p_version and (p.valid_to is null or p.valid_to > p_version)
      offset 0
    ) d
  ), telling as materialized (
    select w.lexeme, w.per_word, w.weight from weights w where w.df > 0
    order by w.df, w.lexeme
    limit c_words
  ), scores as materialized (
    select p.entry, sum((2.2::float8 * w.weight * p.tf / (p.tf + 0.3::float8 + w.per_word * p.words))::int) as words
    from telling w
    cross join lateral (
      select p.entry, p.tf::float8 as tf, p.words::float8 as words from readmodel.postings p
      where p.partition = p_partition and p.stream = p_stream and p.lexeme = w.lexeme
        and p.entry <= p_version and (p.valid_to is null or p.valid_to > p_version)
      offset 0
    ) p
    group by p.entry
  ), best as materialized (
    select s.entry, row_number() over (order by s.words desc, s.entry) as place
    from scores s
    left join (select unnest(p_allowed) as entry) a on a.entry = s.entry
    where p_allowed is null or a.entry is not null
    order by s.words desc, s.entry
    limit p_most
  ), near as materialized (
    select n.entry, n.distance, n.place from unnest(v_near, v_distances) with ordinality n (entry, distance, place)
  ), found as materialized (
    select entry, min(place) as place
    from (select entry, place from best union all select entry, place from near) f
    group by entry
  ), kin as materialized (
    select k.entry
    from (select entry from found where place <= c_kin) f
    cross join lateral (
      select e.session, e.ordinal from readmodel.episodes e
      where e.partition = p_partition and e.stream = p_stream and e.entry = f.entry
        and e.valid_from <= p_version and (e.valid_to is null or e.valid_to > p_version) and e.session is not null
      offset 0
    ) e
    cross join lateral (
      select k.entry from readmodel.episodes k
      where k.partition = p_partition and k.stream = p_stream and k.session = e.session
        and k.ordinal in (e.ordinal - 1, e.ordinal + 1)
        and k.valid_from <= p_version and (k.valid_to is null or k.valid_to > p_version)
      offset 0
    ) k
    left join (select unnest(p_allowed) as entry) a on a.entry = k.entry
    where p_allowed is null or a.entry is not null
  ), candidates as materialized (
    select f.entry, n.distance, coalesce(s.words, 0) as words
    from (select entry from found union select entry from kin) f
    left join near n on n.entry = f.entry
    left join scores s on s.entry = f.entry
  )
  select c.entry, case when e.importance is null then 'fact' else 'episode' end, coalesce(c.distance, v.distance), c.words,
    (select coalesce(sum(round(w.weight)), 0)::bigint from weights w), coalesce(e.importance, 0.5),
    coalesce(e.happened, f.recorded_at), coalesce(e.expires_at, f.expires_at),
    coalesce(r.recall_count, 0), r.recalled_at, coalesce(e.session, f.session), e.ordinal
  from candidates c
  left join lateral (
    select e.importance, e.timestamp as happened, e.expires_at, e.session, e.ordinal from readmodel.episodes e
    where e.partition = p_partition and e.stream = p_stream and e.entry = c.entry
      and e.valid_from <= p_version and (e.valid_to is null or e.valid_to > p_version)
    offset 0
  ) e on true
  left join lateral (
    select f.recorded_at, f.expires_at, f.session from readmodel.facts f
    where e.importance is null and f.partition = p_partition and f.stream = p_stream and f.entry = c.entry
      and f.valid_from <= p_version and (f.valid_to is null or f.valid_to > p_version)
    offset 0
  ) f on true
  left join lateral (
    select round((1 + (v.embedding <#> v_vector)) * 1e6) / 1e6 as distance from readmodel.vectors v
    where c.distance is null and v_near is not null and v.partition = p_partition and v.stream = p_stream and v.space = p_space
      and v.entry = c.entry and v.valid_from <= p_version and (v.valid_to is null or v.valid_to > p_version)
    offset 0
  ) v on true
  left join lateral (
    select r.recall_count, r.recalled_at from readmodel.recall_counts r
    where r.partition = p_partition and r.stream = p_stream and r.entry = c.entry and r.version <= p_version
    order by r.version desc
    limit 1
  ) r on true
  where e.importance is not null or f.recorded_at is not null;
end;
$$;
