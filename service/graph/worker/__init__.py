"""Processes that hold graphs and answer questions about them, so that no event loop waits.

In the order in which a question comes along: `workers` (which of two answers it), `worker` (one
after the other, in time, or called back), `process` (a child and its pipes), `frames` and `words`
(what is said over them), `__main__` (the child), `desk` (one question of it), `interrupts` (calls
an algorithm back), `kept` (the graphs that it holds).
"""
