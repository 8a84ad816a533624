"""How the tables came to be what they are: one alembic revision per step, applied by `migrate`."""
