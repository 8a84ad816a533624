-- How many episodes and facts stream $2 of partition $1 held at version $3.
select
  (
    select count(*) from readmodel.episodes
    where partition = $1 and stream = $2 and valid_from <= $3 and (valid_to is null or valid_to > $3)) as episodes,
  (
    select count(*) from readmodel.facts
    where partition = $1 and stream = $2 and valid_from <= $3 and (valid_to is null or valid_to > $3)) as facts
