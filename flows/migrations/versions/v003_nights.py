"""The nights: when each began and ended, where it was, and its morning page."""

import sqlalchemy as sa
from alembic import op

revision = "003"
down_revision = "002"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "nights",
        sa.Column("number", sa.Integer, primary_key=True, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("started", "ended", "state", "station", "who")),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("page", sa.JSON),
    )
