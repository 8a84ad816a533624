-- A row for a session that was forked: its task is that of the session that began it all.
insert into sessions (
  partition, id, agent_id, status, prompt, model, version, started_version, steps,
  input_tokens, output_tokens, cached_tokens, started_at, updated_at, prompt_altered, answer_altered,
  parent, forked_at, origin)
select $1::int, substr($2::text, 9)::uuid, $5::text, 'running', o.prompt, coalesce($6::text, p.model), $3::bigint,
  $3::bigint, 0, 0, 0, 0, $4::timestamptz, $4::timestamptz,
  $7::boolean or coalesce(o.prompt_altered, false), false, $8::uuid, $9::bigint, $10::uuid
from (select) one
left join sessions o on o.partition = $1 and o.id = $10
left join sessions p on p.partition = $1 and p.id = $8
on conflict (partition, id) do nothing  -- What a stream says amid its events, it has a row for already.
