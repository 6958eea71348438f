"""What an export must remember of every row or story, kept on disk, so that memory stays flat.

SQLite's own nameless file in the temporary folder (`TMPDIR`): it goes when it is closed, and with the process however that ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from schemas.errors import Unavailable

_PAGES_KB = 8192
"""What is held in memory before it is written out."""


class _Connection(sqlite3.Connection):
    def execute(self, *asked: Any) -> sqlite3.Cursor:
        try:
            return super().execute(*asked)
        except sqlite3.OperationalError as error:
            raise Unavailable(f"the temporary folder: {error}; make room there, or set TMPDIR to another") from error


def aside() -> sqlite3.Connection:
    """A database of nobody else's. Errors: Unavailable, as it is used, where the temporary folder is full."""
    db = sqlite3.connect("", isolation_level=None, factory=_Connection)
    for pragma in (f"cache_size=-{_PAGES_KB}", "journal_mode=OFF", "synchronous=OFF"):
        db.execute(f"PRAGMA {pragma}")
    return db


class OnDisk(MutableMapping[str, str]):
    """A mapping of strings that is not held in memory, in order of its keys' code points."""

    def __init__(self, items: Mapping[str, str] | None = None) -> None:
        self._db = aside()
        self._db.execute("CREATE TABLE items (key BLOB PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        self.update(items or {})

    def __getitem__(self, key: str) -> str:
        row = self._db.execute("SELECT value FROM items WHERE key = ?", (to_bytes(key),)).fetchone()
        if row is None:
            raise KeyError(key)
        return str(row[0])

    def __setitem__(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO items VALUES (?, ?)", (to_bytes(key), value))

    def __delitem__(self, key: str) -> None:
        if not self._db.execute("DELETE FROM items WHERE key = ?", (to_bytes(key),)).rowcount:
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        for (key,) in self._db.execute("SELECT key FROM items ORDER BY key"):
            yield to_str(key)

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM items").fetchone()[0])


def to_bytes(key: str) -> bytes:
    """A string as it is kept: in order of code points, whatever they are."""
    return key.encode("utf-8", "surrogatepass")


def to_str(key: bytes) -> str:
    """The string that was kept."""
    return key.decode("utf-8", "surrogatepass")
