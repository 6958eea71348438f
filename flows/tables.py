"""The tables of the store."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import JSON, BigInteger, Column, Float, Integer, String, Table

metadata = sa.MetaData()
stories = Table(
    "stories",
    metadata,
    Column("guid", String, primary_key=True),
    Column("version", BigInteger, primary_key=True),  # some agencies' are time stamps
    Column("digest", String, nullable=False),
    Column("body_digest", String, nullable=False, index=True),
    Column("state", String, nullable=False, index=True),  # new, annotated, held, superseded, cancelled, duplicate
    Column("reason", String, nullable=False, default=""),
    Column("received", String, nullable=False),
    Column("payload", JSON, nullable=False),
)
claims = Table(
    "claims",
    metadata,
    Column("key", String, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("by", String, primary_key=True),
    Column("guid", String, nullable=False, index=True),
    Column("score", Float, nullable=False),
    Column("payload", JSON, nullable=False),
)
tasks = Table(
    "tasks",
    metadata,
    Column("key", String, primary_key=True),
    Column("guid", String, nullable=False, index=True),
    Column("version", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("state", String, nullable=False, index=True),  # waiting, pushed, closed
    Column("task_id", Integer),
    Column("reason", String, nullable=False, default=""),
)
reviews = Table(
    "reviews",
    metadata,
    Column("annotation_id", Integer, primary_key=True),
    Column("key", String, nullable=False, index=True),
    Column("version", BigInteger, nullable=False),
    Column("updated", String, nullable=False),
    Column("payload", JSON, nullable=False),
)
quarantine = Table(
    "quarantine",
    metadata,
    Column("file", String, primary_key=True),
    Column("digest", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("seen", String, nullable=False),
)
marks = Table("marks", metadata, Column("name", String, primary_key=True), Column("value", String, nullable=False))
