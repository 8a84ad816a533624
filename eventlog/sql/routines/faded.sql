-- The share, from 0 to 1, that is left after some hours; all of it without a half-life. It stays at 2^-400, which is as
-- good as nothing: `power`, and a product with what is left, would raise where they can't tell the two apart.
create or replace function readmodel.faded(p_hours float8, p_half_life float8) returns float8
  language sql immutable parallel safe as $$
  select case
    when p_half_life is null or p_hours <= 0 then 1
    else power(2::float8, -least(p_hours / greatest(p_half_life, 1e-9), 400))
  end
$$;
