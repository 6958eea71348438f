"""The first schema; of a store from before there were revisions it makes what an interrupted start left out."""

import sqlalchemy as sa
from alembic import op

revision = "001"
down_revision = None


def _text(name: str, key: bool = False) -> sa.Column:
    return sa.Column(name, sa.String, primary_key=key, nullable=False)


def _number(name: str, key: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, primary_key=key, nullable=False)


def _payload() -> sa.Column:
    return sa.Column("payload", sa.JSON, nullable=False)


def tables() -> dict[str, list[sa.Column]]:
    """The first tables' columns, made anew, since a column belongs to one table."""
    return {
        "stories": [
            _text("guid", key=True),
            _number("version", key=True),
            *(_text(name) for name in ("digest", "body_digest", "state", "reason", "received")),
            _payload(),
        ],
        "claims": [
            _text("key", key=True),
            _number("version", key=True),
            _text("by", key=True),
            _text("guid"),
            sa.Column("score", sa.Float, nullable=False),
            _payload(),
        ],
        "tasks": [
            _text("key", key=True),
            _text("guid"),
            _number("version"),
            _text("by"),
            _text("state"),
            sa.Column("task_id", sa.Integer),
            _text("reason"),
        ],
        "reviews": [
            sa.Column("annotation_id", sa.Integer, primary_key=True, nullable=False),
            _text("key"),
            _number("version"),
            _text("updated"),
            _payload(),
        ],
        "quarantine": [_text("file", key=True), _text("digest", key=True), _text("reason"), _text("seen")],
        "marks": [_text("name", key=True), _text("value")],
    }


INDEXED = {"stories": ("body_digest", "state"), "claims": ("guid",), "tasks": ("guid", "state"), "reviews": ("key",)}


def upgrade() -> None:
    """Makes the tables and their indexes."""
    for table, columns in tables().items():
        op.create_table(table, *columns, if_not_exists=True)
        for column in INDEXED.get(table, ()):
            op.create_index(f"ix_{table}_{column}", table, [column], if_not_exists=True)
