-- Whether any of the events $3 of a stream left something in the rows of memory.
select exists (select from corpora where partition = $1 and stream = $2 and version = any ($3::bigint[]))
  or exists (select from memory_spaces where partition = $1 and stream = $2 and valid_from = any ($3::bigint[]))
  or exists (
    select from working_memory
    where partition = $1 and stream = $2
      and (valid_from = any ($3::bigint[]) or valid_to = any ($3::bigint[]) or used_version = any ($3::bigint[])))
  or exists (select from episodes where partition = $1 and stream = $2 and valid_from = any ($3::bigint[]))
  or exists (select from recall_counts where partition = $1 and stream = $2 and version = any ($3::bigint[]))
  or exists (select from vectors where partition = $1 and stream = $2 and valid_from = any ($3::bigint[]))
