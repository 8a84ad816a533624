-- What happened in the newest session, event by event, out of the log itself?
select e.version, e.recorded_at, e.type, coalesce(
  analytics.event_text(e.data, 'prompt'), analytics.event_text(e.data, 'text'), analytics.event_text(e.data, 'tool'),
  analytics.event_text(e.data, 'observation'), analytics.event_text(e.data, 'answer')) as said
from analytics.events_of('session-' || (
  select session_id from analytics.sessions order by started_at desc limit 1)) e
order by e.version
