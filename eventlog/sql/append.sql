-- The columns of numbers come as array literals: written out by us they cost the driver a tenth.
select position, recorded_at, heads, epochs, starts
from eventlog.append(
  $1, $2::text::int[], $3, $4, $5, $6::text::bigint[], $7::text::int[], $8::text::int[], $9::text::int[],
  $10::text::int[], $11, $12, $13::text::smallint[], $14, $15)
