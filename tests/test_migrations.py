"""The store's schema is brought forward with its data in it, on both databases, whoever opens it and however often."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from flows.migrations import VERSION_TABLE, bring_forward, head, revision
from flows.migrations.versions import v001_first
from flows.store import Store
from flows.store.database import _engine
from flows.tables import metadata
from schemas.errors import BadInput
from schemas.story import Story

OPEN = "import sys; from flows.store import Store; print(Store(sys.argv[1]).story_states())"
ROWS = {
    "stories": {
        "guid": "urn:x:1",
        "version": 20260304120000,
        "digest": "d",
        "body_digest": "b",
        "state": "annotated",
        "reason": "",
        "received": "2026-03-04T01:00:00+00:00",
        "payload": Story("urn:x:1", 20260304120000, "Ann said “yes”. 🗞").to_dict() | {"subjects": [], "notices": []},
    },
    "claims": {"key": "k", "version": 20260304120000, "by": "model:1", "guid": "urn:x:1", "score": 0.5, "payload": {"a": [1, None]}},
    "tasks": {
        "key": "k",
        "guid": "urn:x:1",
        "version": 20260304120000,
        "by": "model:1",
        "state": "pushed",
        "task_id": 7,
        "reason": "",
    },
    "reviews": {"annotation_id": 3, "key": "k", "version": 20260304120000, "updated": "2026-03-04", "payload": {"b": "é"}},
    "quarantine": {"file": "a.xml", "digest": "d", "reason": "broken", "seen": "2026-03-04"},
    "marks": {"name": "n", "value": "v"},
}
"""A row of each table as the first schema had it."""


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    """An empty database."""
    parsed = sa.make_url(url)
    if parsed.database and parsed.get_backend_name() == "sqlite":
        Path(parsed.database).parent.mkdir(parents=True)
    engine = _engine(parsed)
    yield engine
    engine.dispose()


def first_tables(tables: list[str]) -> sa.MetaData:
    """The first schema's tables as `create_all` made them before there were revisions."""
    made = sa.MetaData()
    for name in tables:
        table = sa.Table(name, made, *v001_first.tables()[name])
        for column in v001_first.INDEXED.get(name, ()):
            sa.Index(f"ix_{name}_{column}", table.c[column])
    return made


def fill(engine: sa.Engine, tables: list[str]) -> None:
    made = first_tables(tables)
    with engine.begin() as db:
        for name in tables:
            db.execute(sa.insert(made.tables[name]).values(**ROWS[name]))


def test_one_line_of_revisions() -> None:
    scripts = ScriptDirectory(str(Path(v001_first.__file__).parents[1]))
    assert len(scripts.get_heads()) == 1
    assert scripts.get_bases() == ["001"]


def test_the_revisions_make_the_tables_that_the_code_knows(store: Store) -> None:
    with store.engine.connect() as db:
        context = MigrationContext.configure(db, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert revision(db) == head()


def revisions() -> list[str]:
    scripts = ScriptDirectory(str(Path(v001_first.__file__).parents[1]))
    return [script.revision for script in scripts.walk_revisions()]


VALUES: dict[type[sa.types.TypeEngine], Any] = {
    sa.BigInteger: 20260304120000,
    sa.Integer: 7,
    sa.Float: 0.5,
    sa.LargeBinary: b"\x00\xff",
    sa.JSON: {"a": ["é", None]},
    sa.String: "“v” 🗞",
}
"""A value of each type, what is more special first."""


def fill_the_new(engine: sa.Engine, known: set[str]) -> dict[str, dict[str, Any]]:
    """A row in each table that is not known yet, by table."""
    there = sa.MetaData()
    there.reflect(engine)
    rows = {}
    with engine.begin() as db:
        for table in there.sorted_tables:
            if table.name not in known | {VERSION_TABLE}:
                rows[table.name] = {c.name: next(v for kind, v in VALUES.items() if isinstance(c.type, kind)) for c in table.columns}
                db.execute(sa.insert(table).values(**rows[table.name]))
    return rows


@pytest.mark.parametrize("stop", revisions())
def test_forward_with_data_in_it(url: str, engine: sa.Engine, stop: str) -> None:
    """Every table has a row from the revision that made it on; halted at each revision, all is there at the newest."""
    bring_forward(engine, "001")
    fill(engine, list(ROWS))
    later: dict[str, dict[str, Any]] = {}
    for step in sorted(r for r in revisions() if r <= stop):
        bring_forward(engine, step)
        later |= fill_the_new(engine, {*ROWS, *later})
    if stop == head():
        assert {*ROWS, *later} == set(metadata.tables)
    held(url)
    with engine.connect() as db:
        for name, row in later.items():
            found = db.execute(sa.select(metadata.tables[name])).mappings().one()
            assert {key: found[key] for key in row if key in found} == row


@pytest.mark.parametrize("made", [list(ROWS), ["stories", "claims"]], ids=["whole", "interrupted"])
def test_a_store_from_before_there_were_revisions(url: str, engine: sa.Engine, made: list[str]) -> None:
    first_tables(made).create_all(engine)
    fill(engine, made)
    held(url, made)


def held(url: str, tables: list[str] | None = None) -> None:
    """A store opens at the newest revision and holds the first schema's rows."""
    store = Store(url)
    with store.engine.connect() as db:
        assert revision(db) == head()
        for name in tables or list(ROWS):
            row = db.execute(sa.select(metadata.tables[name])).mappings().one()
            assert {key: row[key] for key in ROWS[name] if key in row} == ROWS[name]
    assert store.story("urn:x:1", 20260304120000).text == "Ann said “yes”. 🗞"
    store.engine.dispose()


@pytest.mark.slow
def test_opened_by_several_processes_at_once(url: str) -> None:
    def opened(_: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", OPEN, url], capture_output=True, text=True, timeout=120, env=os.environ)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(opened, range(4)))
    assert [(d.returncode, d.stdout, d.stderr) for d in done] == [(0, "{}\n", "")] * 4


def test_a_store_newer_than_the_software_is_left_alone(url: str, store: Store) -> None:
    with store.engine.begin() as db:
        db.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '999'"))
    with pytest.raises(BadInput, match="the store is of revision 999, newer than this software") as refused:
        Store(url)
    assert "\n" not in str(refused.value)


def test_a_revision_that_fails_leaves_the_store_as_it_was(engine: sa.Engine) -> None:
    first_tables(["stories"]).create_all(engine)
    with engine.begin() as db:
        db.execute(sa.text("CREATE TABLE tasks (guid TEXT)"))  # another's: it has no state to make an index of
    with pytest.raises(sa.exc.SQLAlchemyError):
        bring_forward(engine)
    assert set(sa.inspect(engine).get_table_names()) == {"stories", "tasks"}
