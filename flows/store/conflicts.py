"""Where a newer model or story version stands against what a person decided: noted, said, and never settled by software."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from flows.store.database import Database
from flows.tables import conflicts, reviews, tasks

_LINE = "Conflict ({cause}): {what}. What was decided stands until somebody changes it here."
_CHANGED = "the story has changed since this was decided"
_CHUNK = 500
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
        """Every conflict: those that were noted in their order, then reviewed claims whose words a newer version lacks."""
        with self.reading() as db:
            return _rows(db)

    def conflict_keys(self) -> list[str]:
        """Keys of the tasks in Label Studio that have a conflict, in order."""
        with self.reading() as db:
            keys = sorted({key for key, _, _ in _rows(db)})
            there = (tasks.c.key.in_(keys[at : at + _CHUNK]) & tasks.c.task_id.is_not(None) for at in range(0, len(keys), _CHUNK))
            return [key for some in there for key in db.execute(sa.select(tasks.c.key).where(some).order_by(tasks.c.key)).scalars()]


def told(db: sa.Connection, keys: Sequence[str]) -> dict[str, list[str]]:
    """The conflicts of tasks as their page says them; none where a second reviewer is waited for, who must not know the first's word."""
    found: dict[str, list[str]] = {}
    rows = _rows(db, keys)
    if rows:
        of = tasks.outerjoin(reviews, reviews.c.key == tasks.c.key)
        done = sa.select(tasks.c.key).select_from(of).where(tasks.c.key.in_(list(keys))).group_by(tasks.c.key, tasks.c.copies)
        reviewed = set(db.execute(done.having(sa.func.count(reviews.c.key) >= tasks.c.copies)).scalars())
        for key, cause, what in rows:
            if key in reviewed:
                found.setdefault(key, []).append(_LINE.format(cause=cause, what=what))
    return found


def _rows(db: sa.Connection, keys: Sequence[str] | None = None) -> list[Row]:
    noted = sa.select(conflicts).order_by(conflicts.c.seen, conflicts.c.key, conflicts.c.cause)
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
