-- The text at a path in an event's data, as `event_text(data, 'usage', 'input_tokens')`; null where there is none. It never
-- fails: what PostgreSQL's text cannot hold (NUL, lone surrogates) comes out as U+FFFD.
--
-- JSON has no control characters but as escapes, so one of them may stand for an escaped backslash meanwhile: any other
-- backslash begins an escape then.
create or replace function analytics.event_text(p_data json, variadic p_path text[]) returns text
  language plpgsql immutable parallel safe
  set search_path = pg_catalog
as $$
declare
  c_high constant text := '\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])';
  c_low constant text := '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}';
  v_text text;
begin
  return p_data #>> p_path;
exception when data_exception then
  v_text := replace(p_data::text, '\\', chr(1));
  v_text := replace(v_text, '\u0000', '\ufffd');
  v_text := regexp_replace(v_text, c_high, '\\ufffd', 'g');
  v_text := regexp_replace(v_text, c_low, '\\ufffd', 'g');
  return replace(v_text, chr(1), '\\')::json #>> p_path;
end;
$$;
