"""What people decided on one story, for the near-duplicates of its cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from flows.store.clusters import LIVE, Clusters, Key
from flows.store.reviews import standing
from flows.tables import claims, reviews, stories, tasks
from schemas.carrying import Anchors
from schemas.claim import Claim
from schemas.fanning import fan_out
from schemas.reviews import Review
from schemas.story import Story

Row = tuple[Story, Claim, Review]
Stretches = dict[Key, list[tuple[int, int]]]


class Fanning(Clusters):
    """What the store does with decisions that hold for more than one story."""

    def fanned_out(self, waiting: Stretches) -> Iterator[Row]:
        """Reviews as they hold for the other stories of their cluster, with the pre-labelled claim, cluster by cluster.

        Only those whose words all stand there. waiting: is told where claims begin and end, by guid and version, that stand in that
        story and whose task is another story's and has no review.
        """
        for keys in self.clusters().values():
            told, made, left = self._cluster(keys)

            @cache
            def anchors(old: str, new: str) -> Anchors:
                return Anchors(old, new)

            for story in told:
                for text, model, review in made:
                    if model.story_id != story.guid and (moved := fan_out(model, review, anchors(text, story.text), story)):
                        yield story, *moved
                for text, model in left:
                    if model.story_id != story.guid and (there := anchors(text, story.text).claim(model, story.version)):
                        stretch = there.spans[0].start, max(s.end for s in there.spans)
                        waiting.setdefault((story.guid, story.version), []).append(stretch)

    def _cluster(self, keys: Sequence[Key]) -> tuple[list[Story], list[tuple[str, Claim, Review]], list[tuple[str, Claim]]]:
        """A cluster's live stories; its reviewed claims and those that wait for a review, with the texts that they are of."""
        guids = [guid for guid, _ in keys]
        chosen = standing(reviews.c.payload, claims.c.payload.label("claim"), stories.c.payload["text"].as_string().label("text"))
        mine = (claims.c.key == tasks.c.key) & (claims.c.version == tasks.c.version) & (claims.c.by == tasks.c.by)
        open_ = sa.select(claims.c.payload.label("claim"), stories.c.payload["text"].as_string().label("text"))
        open_ = open_.join(tasks, mine).join(stories, (stories.c.guid == claims.c.guid) & (stories.c.version == claims.c.version))
        nobody = ~sa.exists().where(reviews.c.key == tasks.c.key)
        of = (tasks.c.guid.in_(guids), tasks.c.kind == "claim", tasks.c.state != "closed")
        with self.reading() as db:
            told = list(_live(db, keys))
            made = db.execute(chosen.where(*of[:2]).order_by(tasks.c.guid, tasks.c.key, reviews.c.annotation_id))
            decided = [(r.text, Claim.from_dict(r.claim), Review.from_dict(r.payload)) for r in made if not r.payload["skipped"]]
            return told, decided, [(r.text, Claim.from_dict(r.claim)) for r in db.execute(open_.where(*of, nobody))]


def _live(db: sa.Connection, keys: Sequence[Key]) -> Iterator[Story]:
    for guid, version in keys:
        chosen: sa.Select[Any] = sa.select(stories.c.payload).where(stories.c.guid == guid, stories.c.version == version)
        if row := db.execute(chosen.where(stories.c.state.in_(LIVE))).first():
            yield Story.from_dict(row.payload)
