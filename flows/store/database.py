"""The database behind a URL: opened, brought forward, and one transaction at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, event

from flows.migrations import bring_forward
from schemas.errors import BadInput, Unavailable

_WAIT = 30.0
"""Seconds that a writer waits for another on SQLite."""


class Database:
    """An opened database."""

    def __init__(self, url: str) -> None:
        """Opens it and, if need be, makes its tables or brings them forward.

        Errors: BadInput for a URL or a store newer than this software, Unavailable for a database that cannot be used.
        """
        try:
            parsed = sa.make_url(url)
            if parsed.get_backend_name() == "sqlite" and parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = _engine(parsed)
            bring_forward(self.engine)
        except sa.exc.ArgumentError as error:
            raise BadInput("store URL cannot be read; give sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME") from error
        except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
            raise Unavailable(f"the store cannot be opened: {_first_line(error)}") from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One transaction that only reads. Errors: see `writing`."""
        with _said(), self.engine.begin() as db:
            yield db

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction that may write. Errors: Unavailable where the database cannot carry it out: locked, full, gone."""
        with _said(), writing(self.engine) as db:
            yield db


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[sa.Connection]:
    """A transaction that holds SQLite's lock from its beginning: what it read cannot change before it writes."""
    with engine.connect().execution_options(writing=True) as db, db.begin():
        yield db


@contextlib.contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except sa.exc.OperationalError as error:
        reason = _first_line(error.orig or error)
        raise Unavailable(f"the store failed: {reason}; mend that and run again, nothing half-done was kept") from error


def _engine(url: sa.URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url)
    engine = sa.create_engine(url, connect_args={"timeout": _WAIT})

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # or Python begins transactions of its own, and none for DDL
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def _begin(db: sa.Connection) -> None:
        db.exec_driver_sql("BEGIN IMMEDIATE" if db.get_execution_options().get("writing") else "BEGIN")

    return engine


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0]
