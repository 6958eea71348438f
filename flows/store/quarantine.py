"""What was turned away, and named marks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from flows.store.database import Database
from flows.tables import marks, quarantine, stories

_EXPORT = "exported "


@dataclass(frozen=True)
class TurnedAway:
    """A file that could not be read. digest: SHA-256 of its bytes, "" where it could not be opened; seen: ISO 8601."""

    file: str
    digest: str
    reason: str
    seen: str


class Quarantine(Database):
    """What the store keeps of what it could not take."""

    def add_quarantine(self, file: str, digest: str, reason: str, seen: str) -> bool:
        """Keeps what could not be read and why; False where the very same file was there already."""
        with self.writing() as db:
            if db.execute(sa.select(quarantine.c.file).where(quarantine.c.file == file, quarantine.c.digest == digest)).first():
                return False
            db.execute(sa.insert(quarantine).values(file=file, digest=digest, reason=reason, seen=seen))
        return True

    def quarantined(self) -> list[TurnedAway]:
        """What was turned away and still is, the last seen first."""
        with self.reading() as db:
            rows = db.execute(sa.select(quarantine).order_by(quarantine.c.seen.desc(), quarantine.c.file, quarantine.c.digest))
            return [TurnedAway(r.file, r.digest, r.reason, r.seen) for r in rows]

    def release(self, file: str) -> int:
        """Takes a file out of quarantine. Returns how many of its entries went."""
        with self.writing() as db:
            return db.execute(sa.delete(quarantine).where(quarantine.c.file == file)).rowcount

    def record_export(self, folder: str, made: str, guids: Iterable[str]) -> None:
        """Remembers which stories an export held."""
        self.mark(f"{_EXPORT}{made} {folder}", json.dumps(sorted(guids)))

    def exports_with(self, guid: str) -> list[tuple[str, str]]:
        """The exports that held a story: when they were made, ISO 8601, and the folder, oldest first."""
        with self.reading() as db:
            rows = db.execute(sa.select(marks).where(marks.c.name.startswith(_EXPORT, autoescape=True)).order_by(marks.c.name))
            found = [row.name.removeprefix(_EXPORT).partition(" ") for row in rows if guid in json.loads(row.value)]
        return [(made, folder) for made, _, folder in found]

    def newest_export(self) -> str | None:
        """The folder of the export made last."""
        with self.reading() as db:
            chosen = sa.select(marks.c.name).where(marks.c.name.startswith(_EXPORT, autoescape=True)).order_by(marks.c.name.desc()).limit(1)
            name = db.execute(chosen).scalar()
        return name.removeprefix(_EXPORT).partition(" ")[2] if name else None

    def killed(self) -> list[tuple[str, str]]:
        """The guids of withdrawn stories, with the reason."""
        with self.reading() as db:
            chosen = sa.select(stories.c.guid, sa.func.max(stories.c.reason)).where(stories.c.state == "cancelled")
            return [(row[0], row[1]) for row in db.execute(chosen.group_by(stories.c.guid).order_by(stories.c.guid))]

    def mark(self, name: str, value: str | None = None) -> str | None:
        """Reads a named mark, or sets it to a value."""
        with self.writing() as db:
            if value is not None:
                db.execute(sa.delete(marks).where(marks.c.name == name))
                db.execute(sa.insert(marks).values(name=name, value=value))
                return value
            row = db.execute(sa.select(marks.c.value).where(marks.c.name == name)).first()
        return row.value if row else None
