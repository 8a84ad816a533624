"""Guards around a call to the world: each stands alone, and all of them stand in a session's path.

A request is deduplicated (`deduplicator`), admitted (`backpressure`), and each call that it makes
is `breaker.call(lambda: retry.call(fn))`; texts pass a `pipeline`.

- `backpressure`: how much may be under way at once.
- `deduplicator`: what was asked already is not asked again.
- `retry`: what may succeed is tried again, within a deadline.
- `circuit` (the rules), `breaker` (in one process), `shared_breaker` (over PostgreSQL): what fails
  all the time is left alone for a while.
- `pipeline`: named stages from text to text.

All of it is for one event loop: nothing here may be used from several threads.
"""
