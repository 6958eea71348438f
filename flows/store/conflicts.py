"""Where a newer model or story version stands against what a person decided: noted, and never settled by software."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from flows.store.database import Database
from flows.tables import conflicts, reviews, tasks

_SECOND = len("2026-01-31T06:00:00")
_CHANGED = "the story has changed since this was decided"
Row = tuple[str, str, str]
"""Key of a task; the model or the story version that a decision stands against; what there is between them."""


class Conflicts(Database):
    """What the store does with conflicts."""

    def add_conflicts(self, rows: Iterable[Row], seen: str) -> int:
        """Keeps conflicts, each once. Gives how many are new."""
        new = 0
        with self.writing() as db:
            for key, cause, what in rows:
                if not db.execute(sa.select(conflicts.c.key).where(conflicts.c.key == key, conflicts.c.cause == cause)).first():
                    db.execute(sa.insert(conflicts).values(key=key, cause=cause, what=what, seen=seen))
                    new += 1
        return new

    def conflicts(self) -> list[Row]:
        """Every conflict: those that were noted in their order, then reviewed claims whose words a newer version lacks.

        One that was noted is settled when all who had decided have changed their word since, or written a note.
        """
        with self.reading() as db:
            return conflict_rows(db)


def conflict_rows(db: sa.Connection, keys: Sequence[str] | None = None) -> list[Row]:
    """The conflicts of tasks, of all where no keys are given."""
    oldest = sa.select(sa.func.min(reviews.c.updated)).where(reviews.c.key == conflicts.c.key).scalar_subquery()
    unsettled = sa.func.substr(sa.func.coalesce(oldest, ""), 1, _SECOND) <= sa.func.substr(conflicts.c.seen, 1, _SECOND)
    noted = sa.select(conflicts).where(unsettled).order_by(conflicts.c.seen, conflicts.c.key, conflicts.c.cause)
    moved = (
        sa.select(tasks.c.key, tasks.c.reason, reviews.c.payload)
        .join(reviews, reviews.c.key == tasks.c.key)
        .where(tasks.c.state == "closed", tasks.c.kind == "claim", tasks.c.task_id.is_not(None))
        .order_by(tasks.c.key)
    )
    if keys is not None:
        noted, moved = noted.where(conflicts.c.key.in_(list(keys))), moved.where(tasks.c.key.in_(list(keys)))
    changed = {(r.key, r.reason, _CHANGED) for r in db.execute(moved) if not r.payload["skipped"]}
    return [*((r.key, r.cause, r.what) for r in db.execute(noted)), *sorted(changed)]
