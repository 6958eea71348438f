"""Tasks in the store: what waits for Label Studio, what is there, what must leave it."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from flows.store.database import Database
from flows.tables import reviews, tasks

GONE = "not in version "
"""How the reason begins why a task of a claim that a new version lacks is closed."""
_CHUNK = 500


class Tasks(Database):
    """What the store does with tasks."""

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that a task of the store has, whatever its state."""
        asked = list(keys)
        with self.reading() as db:
            some = (tasks.c.key.in_(asked[at : at + _CHUNK]) for at in range(0, len(asked), _CHUNK))
            return {key for chosen in some for key in db.execute(sa.select(tasks.c.key).where(chosen)).scalars()}

    def mark_pushed(self, ids: dict[str, int]) -> None:
        """Records the Label Studio task of each key; a task closed meanwhile stays closed.

        An id that another key had is no longer that one's: its task was deleted, and SQLite gave the id to this.
        """
        state = sa.case((tasks.c.state == "waiting", "pushed"), else_=tasks.c.state)
        change = sa.update(tasks).where(tasks.c.key == sa.bindparam("of")).values(task_id=sa.bindparam("number"), state=state)
        with self.writing() as db:
            for at in range(0, len(ids), _CHUNK):
                some = list(ids.items())[at : at + _CHUNK]
                again = tasks.c.task_id.in_([task_id for _, task_id in some]) & tasks.c.key.not_in([key for key, _ in some])
                db.execute(sa.update(tasks).where(again).values(task_id=None))
            if ids:
                db.execute(change, [{"of": key, "number": task_id} for key, task_id in ids.items()])

    def closed_in_studio(self) -> list[str]:
        """Keys of closed tasks that Label Studio still shows and nobody has reviewed."""
        with self.reading() as db:
            reviewed = sa.select(reviews.c.key)
            rows = db.execute(
                sa.select(tasks.c.key)
                .where(tasks.c.state == "closed", tasks.c.task_id.is_not(None), tasks.c.key.not_in(reviewed))
                .order_by(tasks.c.key)
            ).all()
        return [row.key for row in rows]

    def mark_removed(self, keys: Iterable[str]) -> None:
        """Records that closed tasks are gone from Label Studio."""
        with self.writing() as db:
            db.execute(sa.update(tasks).where(tasks.c.key.in_(list(keys))).values(task_id=None))

    def task_states(self) -> dict[str, int]:
        """How many tasks are in each state."""
        with self.reading() as db:
            rows = db.execute(sa.select(tasks.c.state, sa.func.count()).group_by(tasks.c.state).order_by(tasks.c.state)).all()
        return {row[0]: row[1] for row in rows}

    def _close(self, db: sa.Connection, guid: str, reason: str, keep: Iterable[str] = ()) -> None:
        """Closes a story's open tasks; reviewed ones keep their reviews."""
        chosen = (tasks.c.guid == guid) & tasks.c.key.not_in(list(keep)) & (tasks.c.state != "closed")
        db.execute(sa.update(tasks).where(chosen).values(state="closed", reason=reason))
