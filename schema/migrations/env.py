"""What alembic runs: the revisions, over the connection that `eventlog.migrate` hands it."""

from alembic import context
from sqlmodel import SQLModel

import schema.tables  # noqa: F401 - imported for what it adds to the metadata.
from schema.migrations.scope import SCOPE

context.configure(
    connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata, **SCOPE
)
context.run_migrations()
