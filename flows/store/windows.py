"""What came and what was decided between two moments, a story at a time: to hold one night against those before it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from flows.store.database import Database
from flows.store.reviews import standing
from flows.tables import claims, reviews, stories
from schemas.claim import Claim
from schemas.reviews import Review
from schemas.sampling import place

MOST = 2000
"""Stories of a window that are looked at: a seeded sample where there are more."""
_CHUNK = 500
_AGENCY = stories.c.payload["agency"].as_string()


class Windows(Database):
    """What the store tells of stretches of time; both ends ISO 8601, the second not included."""

    def claims_between(self, start: str, end: str) -> Iterator[tuple[str, list[Claim]]]:
        """The agency and the claims of each story that came, as the model that read most of them found them."""
        arrived = sa.select(stories.c.guid, stories.c.version, _AGENCY.label("agency"))
        with self.reading() as db:
            came = db.execute(arrived.where(stories.c.received >= start, stories.c.received < end, stories.c.state != "duplicate")).all()
            chosen = sorted(came, key=lambda row: (place(f"{row.guid} {row.version}", "drift"), row.guid, row.version))[:MOST]
            agency = {(row.guid, row.version): row.agency or "" for row in chosen}
            found: dict[tuple[str, int], list[Claim]] = {}
            for at in range(0, len(chosen), _CHUNK):
                mine = claims.c.guid.in_([row.guid for row in chosen[at : at + _CHUNK]])
                for row in db.execute(sa.select(claims.c.guid, claims.c.version, claims.c.payload).where(mine).order_by(claims.c.key)):
                    if (key := (row.guid, row.version)) in agency:
                        found.setdefault(key, []).append(Claim.from_dict(row.payload))
        models = Counter(claim.by for its in found.values() for claim in its)
        for key, its in found.items():
            by = max({claim.by for claim in its}, key=lambda name: (models[name], name))
            yield agency[key], [claim for claim in its if claim.by == by]

    def decisions_between(self, start: str, end: str) -> Iterator[tuple[str, list[tuple[Claim, Review]]]]:
        """The agency of each story on which people decided, and each decision on a claim beside what the model had said."""
        chosen = standing(_AGENCY.label("agency"), claims.c.payload.label("claim"), reviews.c.payload, stories.c.guid)
        chosen = chosen.where(reviews.c.updated >= start, reviews.c.updated < end).order_by(stories.c.guid, reviews.c.annotation_id)
        with self.reading() as db:
            rows = db.execution_options(yield_per=_CHUNK).execute(chosen)
            for _, its in itertools.groupby(rows, key=lambda row: row.guid):
                story = list(its)
                yield story[0].agency or "", [(Claim.from_dict(r.claim), Review.from_dict(r.payload)) for r in story]
