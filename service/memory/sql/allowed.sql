-- The entries that a question may be answered with; see `readmodel.allowed`.
select readmodel.allowed($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
