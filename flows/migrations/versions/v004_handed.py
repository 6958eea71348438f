"""Tasks whose import's fate is not known."""

import sqlalchemy as sa
from alembic import op

revision = "004"
down_revision = "003"


def upgrade() -> None:
    """Adds the column."""
    op.add_column("tasks", sa.Column("handed", sa.Integer, nullable=False, server_default="0"))
