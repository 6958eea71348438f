"""The store's schema, step by step: each change of `flows.tables` is one revision in `versions/`.

Opening a store brings it forward. A store from before there were revisions has the tables of the first, which makes what is missing.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from schemas.errors import BadInput

VERSION_TABLE = "onrecord_version"
"""Its own name, since Prefect keeps `alembic_version` and may share the database."""
_LOCK = 1_684_107_123
"""The key of PostgreSQL's lock while a store is brought forward."""


@lru_cache(maxsize=1)
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def revision(db: sa.Connection) -> str | None:
    """The revision of an opened store; None before the first. Errors: BadInput where this software does not know it."""
    if not sa.inspect(db).has_table(VERSION_TABLE):
        return None
    found = MigrationContext.configure(db, opts={"version_table": VERSION_TABLE}).get_current_revision()
    if found is not None and found not in {script.revision for script in _scripts().walk_revisions()}:
        raise BadInput(f"the store is of revision {found}, newer than this software ({head()}): update onrecord, or name another store")
    return found


def head() -> str:
    """The newest revision that this software knows."""
    return str(_scripts().get_current_head())


def bring_forward(engine: sa.Engine, to: str | None = None) -> None:
    """Brings a store to a revision (default: the newest), all or nothing; of two that open it at once one waits.

    Errors: BadInput for a store newer than this software.
    """
    with engine.connect() as db:
        if revision(db) == (to or head()):
            return
    with engine.connect().execution_options(writing=True) as db, db.begin():
        if db.dialect.name == "postgresql":
            db.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        if revision(db) != (to or head()):
            config = _config()
            config.attributes["connection"] = db
            command.upgrade(config, to or head())
