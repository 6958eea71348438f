"""What Alembic runs for each command: on the connection that `bring_forward` gives, inside its transaction."""

from alembic import context

from flows.migrations import VERSION_TABLE
from flows.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite changes a column by making the table anew
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
