"""What an agent remembers: episodes, facts and working memory, and how they are found again.

In the order in which a reader comes along. Begin with `memory`, which is all that callers see.

- What memory is, without effects: `capacity` (what is held, who must go), `order`, `decay`,
  `working`.
- Writing: `remembering`, on `kept` (holdings at the log's head), by way of `service.mind.writing`.
- Reading: `coordinates` (which place), `looking` and `reading` (what was held), `gone` (what is
  no more), `asking` (a question and its vector), `telling`, `search`, `ranking`, `ann`.
- Sessions: `mind` (what they see), `agent_mind`, `recalling` (what a recall leaves), `budget`.
- Vectors: `embedder`, `derived` (where they are kept), `embedding` (a batch), `following` (in the
  background), `reembedding` (to another space).
- Indexes on nearness: `indexing`, `exactness`, `upkeep`.
- `opening` puts it together.
"""
