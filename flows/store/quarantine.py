"""What was turned away, and named marks."""

from __future__ import annotations

import sqlalchemy as sa

from flows.store.database import Database
from flows.tables import marks, quarantine


class Quarantine(Database):
    """What the store keeps of what it could not take."""

    def add_quarantine(self, file: str, digest: str, reason: str, seen: str) -> bool:
        """Keeps what could not be read and why; False where the very same file was there already."""
        with self.writing() as db:
            if db.execute(sa.select(quarantine.c.file).where(quarantine.c.file == file, quarantine.c.digest == digest)).first():
                return False
            db.execute(sa.insert(quarantine).values(file=file, digest=digest, reason=reason, seen=seen))
        return True

    def mark(self, name: str, value: str | None = None) -> str | None:
        """Reads a named mark, or sets it to a value."""
        with self.writing() as db:
            if value is not None:
                db.execute(sa.delete(marks).where(marks.c.name == name))
                db.execute(sa.insert(marks).values(name=name, value=value))
                return value
            row = db.execute(sa.select(marks.c.value).where(marks.c.name == name)).first()
        return row.value if row else None
