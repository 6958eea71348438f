"""Claims in the store: what a model found in a story, and the tasks that follow from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from flows.store.stories import Stories, version_row
from flows.store.tasks import GONE
from flows.tables import claims, stories, tasks
from schemas.claim import Claim
from schemas.story import Story


class Claims(Stories):
    """What the store does with claims."""

    def add_claims(self, story: Story, found: Sequence[Claim], passages: Collection[str] = ()) -> None:
        """Keeps a story's claims, opens a task for each attributed one that has none, closes those whose claim is gone.

        passages: keys of unattributed claims whose passages are to be reviewed for claims that were missed.
        """
        with self.writing() as db:
            live = db.execute(sa.select(stories.c.state).where(stories.c.guid == story.guid, stories.c.version == story.version)).scalar()
            if live != "new":
                return
            values = [
                {"key": c.key, "version": c.story_version, "by": c.by, "guid": c.story_id, "score": c.score, "payload": c.to_dict()}
                for c in found
            ]
            if values:
                db.execute(sa.insert(claims), values)
            wanted = {c.key: c for c in found if c.attributed or c.key in passages}
            known = {row.key for row in db.execute(sa.select(tasks.c.key).where(tasks.c.guid == story.guid))}
            opened = [
                {
                    "key": c.key,
                    "guid": story.guid,
                    "version": story.version,
                    "by": c.by,
                    "state": "waiting",
                    "reason": "",
                    "kind": "claim" if c.attributed else "passage",
                }
                for c in wanted.values()
                if c.key not in known
            ]
            if opened:
                db.execute(sa.insert(tasks), opened)
            self._close(db, story.guid, f"{GONE}{story.version}", keep=list(wanted))
            # what nobody has seen yet is shown as the newest version has it; what had vanished and is back, again
            unseen = (tasks.c.state == "waiting") | ((tasks.c.state == "closed") & tasks.c.reason.startswith(GONE))
            renewed = sa.update(tasks).where(tasks.c.guid == story.guid, tasks.c.key.in_(list(wanted)), unseen)
            db.execute(renewed.values(state="waiting", reason="", version=story.version, by=found[0].by if found else ""))
            db.execute(version_row(story.guid, story.version).values(state="annotated"))
