-- What may answer a question, with all that it is ranked by; see `readmodel.recall`.
select entry, kind, distance, words, all_words, importance, happened, expires_at, recall_count, recalled_at, session,
  ordinal
from readmodel.recall($1, $2, $3, $4, ($5::vector)::real[], $6, $7, $8, $9, $10)
