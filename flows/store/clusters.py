"""Clusters in the store: near-duplicates from several feeds, linked as they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from flows.store.database import Database
from flows.tables import claims, likeness, stories, tasks
from schemas.claim import Claim
from schemas.fanning import words
from schemas.likeness import PERMUTATIONS, nearest, signature

HORIZON = 100_000
"""Stories that a new one is held against: the last ones."""
LIVE = ("new", "annotated", "duplicate")
_CHUNK = 1000
Key = tuple[str, int]


class Clusters(Database):
    """What the store does with near-duplicates."""

    def link(self) -> int:
        """Gives every live story that has none its cluster. Returns how many joined another story's."""
        joined = 0
        while batch := self._unlinked():
            rows = self._placed(batch)
            joined += sum(row["cluster"] != row["guid"] for row in rows)
            with self.writing() as db:
                db.execute(sa.delete(likeness).where(likeness.c.guid.in_([row["guid"] for row in rows])))
                db.execute(sa.insert(likeness), rows)
        return joined

    def clusters(self) -> dict[str, list[Key]]:
        """The clusters of more than one story, by the guid of their first: its stories, each in the version that was linked."""
        several = sa.select(likeness.c.cluster).group_by(likeness.c.cluster).having(sa.func.count() > 1)
        chosen = sa.select(likeness.c.cluster, likeness.c.guid, likeness.c.version).where(likeness.c.cluster.in_(several))
        found: dict[str, list[Key]] = {}
        with self.reading() as db:
            for row in db.execute(chosen.order_by(likeness.c.cluster, likeness.c.guid)):
                found.setdefault(row.cluster, []).append((row.guid, row.version))
        return found

    def _unlinked(self) -> list[tuple[Key, str]]:
        """Some live stories without a cluster, in order of arrival, with their texts; a newer version is linked anew."""
        known = (likeness.c.guid == stories.c.guid) & (likeness.c.version == stories.c.version)
        chosen = sa.select(stories.c.guid, stories.c.version, stories.c.payload["text"].as_string().label("text")).outerjoin(
            likeness, known
        )
        chosen = chosen.where(likeness.c.guid.is_(None), stories.c.state.in_(LIVE)).order_by(stories.c.received, stories.c.guid).limit(1000)
        with self.reading() as db:
            return [((r.guid, r.version), r.text) for r in db.execute(chosen)]

    def _placed(self, batch: Sequence[tuple[Key, str]]) -> list[dict[str, Any]]:
        """The rows of a batch, each in the cluster of the story before it that is most alike."""
        fresh = {key[0] for key, _ in batch}
        with self.reading() as db:
            chosen = sa.select(likeness.c.guid, likeness.c.cluster, likeness.c.signature).join(
                stories, (stories.c.guid == likeness.c.guid) & (stories.c.version == likeness.c.version)
            )
            last = chosen.where(stories.c.state != "cancelled").order_by(stories.c.received.desc(), likeness.c.guid.desc()).limit(HORIZON)
            before = [(r.guid, r.cluster, r.signature) for r in db.execute(last) if r.guid not in fresh][::-1]
        new = [signature(text) for _, text in batch]
        cluster = [c for _, c, _ in before] + [key[0] for key, _ in batch]
        alike = [1.0] * len(cluster)
        old = np.frombuffer(b"".join(s for *_, s in before), np.uint32).reshape(-1, PERMUTATIONS)
        for place, other, share in nearest(np.concatenate([old, np.array(new, np.uint32)]), len(before)):
            cluster[place], alike[place] = cluster[other], share
        return [
            {"guid": key[0], "version": key[1], "cluster": cluster[n], "alike": alike[n], "signature": new[n - len(before)].tobytes()}
            for n, (key, _) in enumerate(batch, len(before))
        ]


def said_elsewhere(db: sa.Connection, guid: str) -> set[tuple[str, ...]]:
    """The words of the claims that have a task in another story of the cluster of this one."""
    mine = sa.select(likeness.c.cluster).where(likeness.c.guid == guid)
    others = sa.select(likeness.c.guid).where(likeness.c.cluster.in_(mine), likeness.c.guid != guid)
    of = (claims.c.key == tasks.c.key) & (claims.c.version == tasks.c.version) & (claims.c.by == tasks.c.by)
    chosen = sa.select(claims.c.payload).join(tasks, of).where(tasks.c.guid.in_(others), tasks.c.state != "closed", tasks.c.kind == "claim")
    return {words(Claim.from_dict(row.payload)) for row in db.execute(chosen)}
