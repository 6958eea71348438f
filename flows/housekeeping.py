"""What must be done now and then: a copy of the store, and old copies and morning pages away."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from flows.settings import Settings
from flows.store import Store

COPIES = 7
PAGES = timedelta(days=90)
"""How long morning pages are kept; their figures stay in the store."""


def tidy(settings: Settings, now: datetime) -> str:
    """Does all of it, and says what."""
    copy = _copied(settings, now)
    copies = sorted((settings.data / "copies").glob("onrecord-*.db"))[:-COPIES]
    pages = [p for p in settings.report_folder.glob("night-*.html") if now.timestamp() - p.stat().st_mtime > PAGES.total_seconds()]
    for old in [*copies, *pages]:
        old.unlink()
    return f"{copy}; {len(copies)} old copies and {len(pages)} old morning pages removed"


def _copied(settings: Settings, now: datetime) -> str:
    """A whole copy, made aside while others may write."""
    store = Store(settings.store)
    if store.engine.name != "sqlite":
        return "the store is PostgreSQL's, copy it with pg_dump"
    folder = settings.data / "copies"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"onrecord-{now:%Y%m%dT%H%M%S}.db"
    aside = Path(f"{target}.part")
    aside.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(str(store.engine.url.database))) as db:  # a connection that begins no transaction
        db.execute("VACUUM INTO ?", [str(aside)])
    os.replace(aside, target)
    store.engine.dispose()
    return f"store copied to {target}"
