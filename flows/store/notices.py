"""What a task's page says above its passage once people have worked on it: conflicts, and typed claims that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from flows.store.conflicts import Conflicts, conflict_rows
from flows.tables import reviews, stories, tasks
from schemas.missed import read_missed
from schemas.reviews import Review

CONFLICT, UNREAD = "Conflict", "Not read"
"""How the lines begin, by which the Data Manager finds the tasks."""
_CONFLICT = CONFLICT + " ({cause}): {what}. What was decided stands. Change it, or write a note why not, and press Update."
_UNREAD = UNREAD + " ({by}): {why}. Correct the line and press Update."
_CHUNK = 500


class Notices(Conflicts):
    """What the store does with what people must be told."""

    def unread_lines(self) -> list[tuple[str, str, str]]:
        """Typed lines of missed claims that cannot be found in their passage: key of the task, who typed it, and why; in order."""
        with self.reading() as db:
            return _unread(db)

    def noticed_keys(self) -> list[str]:
        """Keys of the tasks in Label Studio that have a conflict or an unread line, in order."""
        with self.reading() as db:
            keys = sorted({key for key, _, _ in (*conflict_rows(db), *_unread(db))})
            there = (tasks.c.key.in_(keys[at : at + _CHUNK]) & tasks.c.task_id.is_not(None) for at in range(0, len(keys), _CHUNK))
            return [key for some in there for key in db.execute(sa.select(tasks.c.key).where(some).order_by(tasks.c.key)).scalars()]


def told(db: sa.Connection, keys: Sequence[str]) -> dict[str, list[str]]:
    """The lines of tasks; none where a second reviewer is waited for, who must not know the first's word."""
    lines = [(key, _CONFLICT.format(cause=cause, what=what)) for key, cause, what in conflict_rows(db, keys)]
    lines += [(key, _UNREAD.format(by=by, why=why)) for key, by, why in _unread(db, keys)]
    found: dict[str, list[str]] = {}
    if lines:
        of = tasks.outerjoin(reviews, reviews.c.key == tasks.c.key)
        done = sa.select(tasks.c.key).select_from(of).where(tasks.c.key.in_(list(keys))).group_by(tasks.c.key, tasks.c.copies)
        reviewed = set(db.execute(done.having(sa.func.count(reviews.c.key) >= tasks.c.copies)).scalars())
        for key, line in lines:
            if key in reviewed:
                found.setdefault(key, []).append(line)
    return found


def _unread(db: sa.Connection, keys: Sequence[str] | None = None) -> list[tuple[str, str, str]]:
    of = (stories.c.guid == tasks.c.guid) & (stories.c.version == reviews.c.version)
    chosen = sa.select(reviews.c.payload, stories.c.payload["text"].as_string().label("text"))
    chosen = chosen.join(tasks, tasks.c.key == reviews.c.key).join(stories, of)
    chosen = chosen.where(reviews.c.payload[("missed", 0)].as_string().is_not(None))
    if keys is not None:
        chosen = chosen.where(reviews.c.key.in_(list(keys)))
    found = []
    for row in db.execute(chosen.order_by(reviews.c.key, reviews.c.annotation_id)):
        review = Review.from_dict(row.payload)
        why = read_missed(review.missed, row.text[slice(*review.passage)])[1].values()
        found += [(review.key, review.by, reason) for reason in why]
    return found
