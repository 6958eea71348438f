"""An index by Label Studio's task: each batch that is sent asks who had its numbers before."""

from alembic import op

revision = "007"
down_revision = "006"


def upgrade() -> None:
    """Makes the index."""
    op.create_index("ix_tasks_task_id", "tasks", ["task_id"])
