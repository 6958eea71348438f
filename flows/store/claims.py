"""Claims in the store: what a model found in a story, and the tasks that follow from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from flows.store.clusters import said_elsewhere
from flows.store.stories import Stories, version_row
from flows.store.tasks import GONE
from flows.tables import claims, reviews, stories, tasks
from schemas.carrying import Anchors, Carried, carry
from schemas.claim import Claim
from schemas.fanning import words
from schemas.story import Story

_KEYS = sa.select(claims.c.key, claims.c.by)


class Claims(Stories):
    """What the store does with claims."""

    def add_claims(self, story: Story, found: Sequence[Claim], passages: Collection[str] = ()) -> None:
        """Keeps a story's claims, opens a task for each attributed one that has none, closes those whose claim is gone.

        A claim that has a task, in the same words, in another story of its cluster needs none. passages: keys of unattributed claims
        whose passages are to be reviewed for claims that were missed.
        """
        with self.writing() as db:
            live = db.execute(sa.select(stories.c.state).where(stories.c.guid == story.guid, stories.c.version == story.version)).scalar()
            if live != "new":
                return
            carried = _carried(db, story, found)
            there = {tuple(r) for r in db.execute(_KEYS.where(claims.c.guid == story.guid, claims.c.version == story.version))}
            if rows := [_row(c) for c in (*found, *carried.kept) if (c.key, c.by) not in there]:
                db.execute(sa.insert(claims), rows)
            known = {row.key for row in db.execute(sa.select(tasks.c.key).where(tasks.c.guid == story.guid))}
            told = said_elsewhere(db, story.guid)
            own = [c for c in found if (c.attributed or c.key in passages) and c.key not in carried.taken]
            wanted = {c.key: c for c in own if c.key in known or not c.attributed or words(c) not in told}
            if opened := [_task(c, story, c.by, carried.notices.get(c.key, "")) for c in wanted.values() if c.key not in known]:
                db.execute(sa.insert(tasks), opened)
            self._close(db, story.guid, f"{GONE}{story.version}", keep=[*wanted, *(c.key for c in carried.kept)])
            # what nobody has seen yet is shown as the newest version has it; what had vanished and is back, again
            unseen = (tasks.c.state == "waiting") | ((tasks.c.state == "closed") & tasks.c.reason.startswith(GONE))
            renewed = sa.update(tasks).where(tasks.c.guid == story.guid, tasks.c.key.in_(list(wanted)), unseen)
            db.execute(renewed.values(state="waiting", reason="", version=story.version, by=found[0].by if found else ""))
            db.execute(version_row(story.guid, story.version).values(state="annotated"))

    def open_stories(self) -> list[tuple[str, int]]:
        """Story versions with tasks in Label Studio that nobody has reviewed, in order."""
        reviewed = sa.select(reviews.c.key)
        chosen = sa.select(tasks.c.guid, tasks.c.version).where(tasks.c.state == "pushed", tasks.c.kind != "gold")
        with self.reading() as db:
            rows = db.execute(chosen.where(tasks.c.key.not_in(reviewed)).distinct().order_by(tasks.c.guid, tasks.c.version))
            return [(row.guid, row.version) for row in rows]

    def adopt(self, story: Story, found: Sequence[Claim], passages: Collection[str], by: str) -> tuple[int, int]:
        """Puts another model's claims of a story in the place of those shown: tasks follow, reviewed ones stay as they were.

        Gives how many tasks it closed and how many it opened.
        """
        with self.writing() as db:
            mine = (claims.c.guid == story.guid) & (claims.c.version == story.version) & (claims.c.by == by)
            known = set(db.execute(sa.select(claims.c.key).where(mine)).scalars())
            if values := [_row(c) for c in found if c.key not in known]:
                db.execute(sa.insert(claims), values)
            wanted = {c.key: c for c in found if c.attributed or c.key in passages}
            free = (tasks.c.guid == story.guid) & (tasks.c.version == story.version) & (tasks.c.kind != "gold")
            free &= tasks.c.key.not_in(sa.select(reviews.c.key)) & tasks.c.state.in_(("waiting", "pushed"))
            db.execute(sa.update(tasks).where(free, tasks.c.key.in_([c.key for c in found])).values(by=by))
            gone = db.execute(
                sa.update(tasks)
                .where(free, tasks.c.kind == "claim", tasks.c.key.not_in(list(wanted)))
                .values(state="closed", reason=f"not found by {by}")
            )
            there = set(db.execute(sa.select(tasks.c.key).where(tasks.c.key.in_(list(wanted)))).scalars())
            told = said_elsewhere(db, story.guid)
            new = [c for c in wanted.values() if c.key not in there and not (c.attributed and words(c) in told)]
            if opened := [_task(c, story, by) for c in new]:
                db.execute(sa.insert(tasks), opened)
        return gone.rowcount, len(opened)


def _row(claim: Claim) -> dict[str, Any]:
    row = {"key": claim.key, "version": claim.story_version, "by": claim.by, "guid": claim.story_id}
    return row | {"score": claim.score, "payload": claim.to_dict()}


def _carried(db: sa.Connection, story: Story, found: Sequence[Claim]) -> Carried:
    """What becomes of the claims with tasks of the version before this."""
    of = (claims.c.key == tasks.c.key) & (claims.c.version == tasks.c.version) & (claims.c.by == tasks.c.by)
    chosen = sa.select(claims.c.payload).join(tasks, of).where(tasks.c.guid == story.guid, tasks.c.version < story.version)
    chosen = chosen.where(tasks.c.kind == "claim", tasks.c.state != "closed").order_by(claims.c.key)
    old = [Claim.from_dict(row.payload) for row in db.execute(chosen)]
    before = stories.c.version.in_({c.story_version for c in old})
    texts = db.execute(sa.select(stories.c.version, stories.c.payload).where(stories.c.guid == story.guid, before))
    anchors = {row.version: Anchors(row.payload["text"], story.text) for row in texts}
    decided = db.execute(sa.select(reviews.c.key).where(reviews.c.key.in_([c.key for c in old]))).scalars()
    return carry(old, decided, found, anchors, story.version)


def _task(claim: Claim, story: Story, by: str, notice: str = "") -> dict[str, Any]:
    row = {"key": claim.key, "guid": story.guid, "version": story.version, "by": by}
    return row | {"state": "waiting", "reason": "", "kind": "claim" if claim.attributed else "passage", "notice": notice}
