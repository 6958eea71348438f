"""The split that each story got in an export, so that it stays there."""

import sqlalchemy as sa
from alembic import op

revision = "005"
down_revision = "004"


def upgrade() -> None:
    """Adds the table."""
    op.create_table("splits", sa.Column("guid", sa.String, primary_key=True), sa.Column("split", sa.String, nullable=False))
