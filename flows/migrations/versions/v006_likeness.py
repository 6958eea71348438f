"""Which stories are near-duplicates of which."""

import sqlalchemy as sa
from alembic import op

revision = "006"
down_revision = "005"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "likeness",
        sa.Column("guid", sa.String, primary_key=True, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("cluster", sa.String, nullable=False),
        sa.Column("alike", sa.Float, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_likeness_cluster", "likeness", ["cluster"])
