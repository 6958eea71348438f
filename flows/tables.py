"""The tables of the store."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import JSON, BigInteger, Column, Float, Integer, LargeBinary, String, Table

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
likeness = Table(
    "likeness",
    metadata,
    Column("guid", String, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("cluster", String, nullable=False, index=True),  # the guid of its first story
    Column("alike", Float, nullable=False),  # to the story of the cluster that it was found by; 1 for the first
    Column("signature", LargeBinary, nullable=False),
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
    Column("task_id", Integer, index=True),
    Column("reason", String, nullable=False, default=""),
    Column("kind", String, nullable=False, default="claim", server_default="claim"),  # claim, passage, gold
    Column("same_as", String, nullable=False, default="", server_default=""),  # of a hidden gold task: the claim that it asks again
    Column("copies", Integer, nullable=False, default=1, server_default="1"),  # how many people review it
    Column("blind", Integer, nullable=False, default=0, server_default="0"),  # 1 where the pre-label is hidden from them
    Column("notice", String, nullable=False, default="", server_default=""),  # what the annotator must know first
    Column("handed", Integer, nullable=False, default=0, server_default="0"),  # imports whose fate is not yet known
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
conflicts = Table(
    "conflicts",
    metadata,
    Column("key", String, primary_key=True),
    Column("cause", String, primary_key=True),  # the model or the story version that a person's decision stands against
    Column("what", String, nullable=False),
    Column("seen", String, nullable=False),
)
nights = Table(
    "nights",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("started", String, nullable=False),
    Column("ended", String, nullable=False),  # empty while it works
    Column("state", String, nullable=False),  # working, done, failed, lost (ended without a word), left (another was at work)
    Column("station", String, nullable=False),  # where it is, or was when it was lost
    Column("who", String, nullable=False),
    Column("before", JSON, nullable=False),  # the stories' states when it began
    Column("page", JSON),
)
splits = Table("splits", metadata, Column("guid", String, primary_key=True), Column("split", String, nullable=False))  # in exports
