-- The $6 nearest entries by exact scan; see `readmodel.near`.
select entry, distance from readmodel.near($1, $2, $3, ($4::vector)::real[], $5, null, $6) order by distance, entry
