-- The steps that a session had taken by a version of its stream, with their calls as far as they had come.
create or replace function analytics.steps_at(p_session uuid, p_version bigint)
  returns table (step int, version bigint, text text, call_id text, tool text, arguments json, observation text)
  language sql stable security definer
  set search_path = pg_catalog
as $$
  select s.step, s.version, s.text, c.call_id, c.tool, c.arguments,
    case when c.return_version <= p_version then c.observation end
  from eventlog.partitions p
  join readmodel.steps s on s.partition = p.partition and s.session_id = p_session and s.version <= p_version
  left join readmodel.tool_calls c on c.partition = s.partition and c.session_id = s.session_id
    and split_part(c.call_id, '.', 1)::int = s.step and c.call_version <= p_version
  order by s.step, c.call_version
$$;
