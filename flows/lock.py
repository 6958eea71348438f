"""One night at a time on a store. The lock dies with its process, however that ends: nothing has to be tidied up.

SQLite: the system's lock on a file beside the database. PostgreSQL: an advisory lock of a connection of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from flows.store import Store
from schemas.errors import Busy, Unavailable

_KEY = 1_684_107_124
_HOLDER = "night at work"
Check = Callable[[], None]


def myself() -> str:
    """This process, for people to find."""
    return f"process {os.getpid()} on {socket.gethostname()}"


@contextlib.contextmanager
def only_night(store: Store, started: str) -> Iterator[Check]:
    """Holds the lock, and gives a call that makes sure it is still held.

    Errors: Busy where another night holds it; Unavailable from the call where the database has dropped it.
    """
    with _locked(store) as check:
        store.mark(_HOLDER, f"{myself()}, begun {started}")
        yield check


@contextlib.contextmanager
def _locked(store: Store) -> Iterator[Check]:
    url = store.engine.url
    if url.get_backend_name() == "postgresql":
        with _postgres(store) as check:
            yield check
    elif url.database:
        with _file(store, Path(f"{url.database}.night")):
            yield lambda: None
    else:  # in memory: nobody else has it
        yield lambda: None


@contextlib.contextmanager
def _file(store: Store, path: Path) -> Iterator[None]:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(store) from None
        yield


@contextlib.contextmanager
def _postgres(store: Store) -> Iterator[Check]:
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        if not db.scalar(sa.select(sa.func.pg_try_advisory_lock(_KEY))):
            raise _busy(store)

        def check() -> None:
            try:
                db.execute(sa.text("SELECT 1"))
            except sa.exc.SQLAlchemyError as error:
                raise Unavailable("the database dropped the night's lock; run again, what was stored stands") from error

        try:
            yield check
        finally:
            with contextlib.suppress(sa.exc.SQLAlchemyError):  # a connection that broke holds nothing any more
                db.execute(sa.select(sa.func.pg_advisory_unlock(_KEY)))


def _busy(store: Store) -> Busy:
    return Busy(f"another night is at work on this store ({store.mark(_HOLDER) or 'just begun'}); this one leaves it to that")
