"""Reviews in the store: the newest word of each annotation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from flows.store.database import Database
from flows.tables import claims, reviews, stories, tasks
from schemas.claim import Claim
from schemas.reviews import Review
from schemas.story import Story


class Reviews(Database):
    """What the store does with reviews."""

    def add_reviews(self, batch: Iterable[Review], gone: dict[str, set[int]]) -> int:
        """Keeps reviews, the newest word of each annotation; drops those whose annotation was deleted.

        gone: for each task key seen, the annotation ids that Label Studio still has. What only its time stamp tells from what
        is here is the same: a server that was filled again has new ones. Returns how many were new or changed.
        """
        changed = 0
        with self.writing() as db:
            for review in batch:
                payload = _json(review.to_dict())
                row = db.execute(sa.select(reviews.c.payload).where(reviews.c.annotation_id == review.annotation_id)).first()
                if row and _but_for_time(row.payload) == _but_for_time(payload):
                    continue
                changed += not _took_home(db, payload)
                db.execute(sa.delete(reviews).where(reviews.c.annotation_id == review.annotation_id))
                db.execute(
                    sa.insert(reviews).values(
                        annotation_id=review.annotation_id,
                        key=review.key,
                        version=review.story_version,
                        updated=payload["updated"],
                        payload=payload,
                    )
                )
            for key, left in gone.items():
                mine = (reviews.c.key == key) & (reviews.c.annotation_id > 0)
                dropped = db.execute(sa.delete(reviews).where(mine, reviews.c.annotation_id.not_in(list(left))))
                changed += dropped.rowcount
        return changed

    def reviewed(self) -> list[tuple[Story, Claim, Review]]:
        """Every review of a story that stands, with the pre-labelled claim, in order of story, key and annotation."""
        with self.reading() as db:
            rows = db.execute(
                sa.select(reviews.c.payload, claims.c.payload.label("claim"), stories.c.payload.label("story"))
                .select_from(reviews)
                .join(tasks, tasks.c.key == reviews.c.key)
                .join(claims, (claims.c.key == reviews.c.key) & (claims.c.version == reviews.c.version))
                .join(stories, (stories.c.guid == tasks.c.guid) & (stories.c.version == reviews.c.version))
                .where(stories.c.state != "cancelled")
                .order_by(tasks.c.guid, tasks.c.key, reviews.c.annotation_id)
            ).all()
        return [(Story.from_dict(r.story), Claim.from_dict(r.claim), Review.from_dict(r.payload)) for r in rows]


def _took_home(db: sa.Connection, payload: dict[str, Any]) -> bool:
    """Whether an annotation is a review's that had lost its own (a negative id): then that goes, and its time is kept."""
    lost = sa.select(reviews).where(reviews.c.key == payload["key"], reviews.c.annotation_id < 0).order_by(-reviews.c.annotation_id)
    for row in db.execute(lost).all():
        if _but_for_time(row.payload, "annotation_id") == _but_for_time(payload, "annotation_id"):
            db.execute(sa.delete(reviews).where(reviews.c.annotation_id == row.annotation_id))
            payload["updated"] = row.payload["updated"]
            return True
    return False


def _but_for_time(payload: dict[str, Any], *more: str) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in ("updated", *more)}


def _json(value: Any) -> Any:
    """A value as JSON would give it back."""
    return json.loads(json.dumps(value))
