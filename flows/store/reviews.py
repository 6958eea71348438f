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

        gone: for each task key seen, the annotation ids that Label Studio still has. Returns how many were new or changed.
        """
        changed = 0
        with self.writing() as db:
            for review in batch:
                payload = review.to_dict()
                row = db.execute(sa.select(reviews.c.payload).where(reviews.c.annotation_id == review.annotation_id)).first()
                if row and row.payload == _json(payload):
                    continue
                changed += 1
                db.execute(sa.delete(reviews).where(reviews.c.annotation_id == review.annotation_id))
                db.execute(
                    sa.insert(reviews).values(
                        annotation_id=review.annotation_id,
                        key=review.key,
                        version=review.story_version,
                        updated=review.updated,
                        payload=payload,
                    )
                )
            for key, left in gone.items():
                dropped = db.execute(sa.delete(reviews).where(reviews.c.key == key, reviews.c.annotation_id.not_in(list(left) or [-1])))
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


def _json(value: Any) -> Any:
    """A value as JSON would give it back."""
    return json.loads(json.dumps(value))
