-- The text at a path in an event's data, as `event_text(data, 'usage', 'input_tokens')`; null where there is none. It never
-- fails: what PostgreSQL's text cannot hold (NUL, lone surrogates) comes out as U+FFFD.
create or replace function analytics.event_text(p_data json, variadic p_path text[]) returns text
  language plpgsql immutable parallel safe
  set search_path = pg_catalog
as $$
declare
  c_nul constant text := '(?<!\\)((?:\\\\)*)\\u0000';
  c_high constant text := '(?<!\\)((?:\\\\)*)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])';
  c_low constant text := '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})(?<!\\)((?:\\\\)*)\\u[dD][c-fC-F][0-9a-fA-F]{2}';
  v_text text;
begin
  return p_data #>> p_path;
exception when data_exception then
  v_text := regexp_replace(p_data::text, c_nul, '\1\\ufffd', 'g');
  v_text := regexp_replace(v_text, c_high, '\1\\ufffd', 'g');
  v_text := regexp_replace(v_text, c_low, '\1\\ufffd', 'g');
  return v_text::json #>> p_path;
end;
$$;
