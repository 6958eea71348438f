"""The desk: tasks of several kinds, for one or two people, with a notice; and conflicts between a decision and what came after it."""

import sqlalchemy as sa
from alembic import op

revision = "002"
down_revision = "001"


def upgrade() -> None:
    """Adds the columns, with what held of every task until now, and the table."""
    for name, kind, default in (
        ("kind", sa.String, "claim"),
        ("same_as", sa.String, ""),
        ("copies", sa.Integer, "1"),
        ("blind", sa.Integer, "0"),
        ("notice", sa.String, ""),
    ):
        op.add_column("tasks", sa.Column(name, kind, nullable=False, server_default=default))
    op.create_table(
        "conflicts",
        sa.Column("key", sa.String, primary_key=True, nullable=False),
        sa.Column("cause", sa.String, primary_key=True, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("seen", sa.String, nullable=False),
    )
