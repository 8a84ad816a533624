"""An agent's knowledge graph: what it knows of things, and of how they relate.

In the order in which a reader comes along. Begin with `graphs`, which is all that callers see.

- What a graph is, without effects: `picture` (folded from events), `algorithms`, `limits`.
- Rows: `rows` (parts of a graph at a version), `looking` (differences), `naming` (what a text
  names).
- Writing: `puts` (what is new), `grounds` (what a change rests on), `writing`, `merging`.
- Reading: `coordinates` (which place), `standing` (how far rows have come), `reading`, `results`
  (given before), `answers`; `worker` holds whole graphs in processes of their own.
- Sessions: `mind` (what they see), `mind_of`, `around` (what a recall leaves).
- `opening` puts it together.
"""
