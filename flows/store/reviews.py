"""Reviews in the store: the newest word of each annotation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from flows.store.database import Database
from flows.tables import claims, reviews, splits, stories, tasks
from schemas.claim import Claim
from schemas.reviews import Review
from schemas.story import Story

Json = dict[str, Any]


class Reviews(Database):
    """What the store does with reviews."""

    def add_reviews(self, batch: Iterable[Review], gone: dict[str, set[int]]) -> int:
        """Keeps reviews, the newest word of each annotation; drops those whose annotation was deleted.

        gone: for each task key seen, the annotation ids that Label Studio still has. What only its time stamp tells from what
        is here is the same: a server that was filled again has new ones. Returns how many were new or changed.
        """
        payloads = [_json(review.to_dict()) for review in batch]
        with self.writing() as db:
            kept = _by_id(db, [row["annotation_id"] for row in payloads])
            new = [row for row in payloads if _but_for_time(kept.get(row["annotation_id"], {})) != _but_for_time(row)]
            homeless = _homeless(db, [row["key"] for row in new])
            changed = sum(not _took_home(db, row, homeless.get(row["key"], [])) for row in new)
            _delete(db, [row["annotation_id"] for row in new])
            if new:
                db.execute(sa.insert(reviews), [_row(row) for row in new])
            dropped = [number for key, number in _annotations(db, list(gone)) if number > 0 and number not in gone[key]]
            _delete(db, dropped)
        return changed + len(dropped)

    def rename_labels(self, names: Mapping[str, Mapping[str, str]]) -> tuple[int, int]:
        """Gives labels their new names, by element, in reviews and claims. Gives how many of each it changed."""
        with self.writing() as db:
            counts = []
            for table, key in ((reviews, (reviews.c.annotation_id,)), (claims, (claims.c.key, claims.c.version, claims.c.by))):
                changed = 0
                for row in db.execute(sa.select(table)).all():
                    payload = _named_anew(row.payload, names)
                    if payload != row.payload:
                        where = [column == getattr(row, column.name) for column in key]
                        db.execute(sa.update(table).where(*where).values(payload=payload))
                        changed += 1
                counts.append(changed)
        return counts[0], counts[1]

    def reviewed(self) -> Iterator[tuple[Story, Claim, Review]]:
        """Every review of a story that stands, with the pre-labelled claim, in order of story, key and annotation; one at a time."""
        chosen = standing(reviews.c.payload, claims.c.payload.label("claim"), stories.c.payload.label("story"))
        for r in self._streamed(chosen.order_by(tasks.c.guid, tasks.c.key, reviews.c.annotation_id)):
            yield Story.from_dict(r.story), Claim.from_dict(r.claim), Review.from_dict(r.payload)

    def reviewed_stories(self) -> Iterator[Story]:
        """The versions of the stories that `reviewed` gives, in order, each once."""
        keys = standing(stories.c.guid, stories.c.version).distinct().subquery()
        both = (stories.c.guid == keys.c.guid) & (stories.c.version == keys.c.version)
        chosen = sa.select(stories.c.payload).join(keys, both).order_by(stories.c.guid, stories.c.version)
        for r in self._streamed(chosen):
            yield Story.from_dict(r.payload)

    def count_reviewed(self) -> int:
        """How many reviews `reviewed` gives."""
        with self.reading() as db:
            return db.execute(standing(sa.func.count())).scalar_one()

    def unreviewed(self) -> Iterator[tuple[tuple[str, int], tuple[int, int]]]:
        """Guid and version of a story, begin and end of a claim of it whose task nobody has reviewed."""
        mine = (claims.c.key == tasks.c.key) & (claims.c.version == tasks.c.version) & (claims.c.by == tasks.c.by)
        nobody = ~sa.exists().where(reviews.c.key == tasks.c.key)
        for r in self._streamed(sa.select(tasks.c.guid, claims.c.payload).join(claims, mine).where(nobody, tasks.c.state != "closed")):
            spans = Claim.from_dict(r.payload).spans
            yield (r.guid, r.payload["story_version"]), (spans[0].start, max(s.end for s in spans))

    def splits(self) -> dict[str, str]:
        """The split that each story got in an export, by guid."""
        with self.reading() as db:
            return {r.guid: r.split for r in db.execute(sa.select(splits)).all()}

    def keep_splits(self, of: Mapping[str, str]) -> None:
        """Keeps the splits of stories that had none."""
        with self.writing() as db:
            known = set(db.execute(sa.select(splits.c.guid)).scalars())
            new = [{"guid": guid, "split": split} for guid, split in of.items() if guid not in known]
            if new:
                db.execute(sa.insert(splits), new)

    def _streamed(self, chosen: sa.Select) -> Iterator[sa.Row]:
        with self.reading() as db:
            yield from db.execution_options(yield_per=500).execute(chosen)


def standing(*columns: Any) -> sa.Select:
    """Reviews of stories that stand, with their task, their pre-labelled claim and their story."""
    return (
        sa.select(*columns)
        .select_from(reviews)
        .join(tasks, tasks.c.key == reviews.c.key)
        .join(claims, (claims.c.key == reviews.c.key) & (claims.c.version == reviews.c.version))
        .join(stories, (stories.c.guid == tasks.c.guid) & (stories.c.version == reviews.c.version))
        .where(stories.c.state != "cancelled")
    )


def _named_anew(payload: Json, names: Mapping[str, Mapping[str, str]]) -> Json:
    """A review or a claim under the new names: its choices, problems, and those of the claims in it."""
    new = dict(payload)
    for name, value in payload.items():
        mine = names.get("problem" if name == "problems" else name, {})
        if name == "claims":
            new[name] = [_named_anew(claim, names) for claim in value]
        elif name == "choices":
            new[name] = {element: names.get(element, {}).get(label, label) for element, label in value.items()}
        elif name == "problems":
            new[name] = list(dict.fromkeys(mine.get(label, label) for label in value))
        elif mine and isinstance(value, dict):
            new[name] = value | {"label": mine.get(value["label"], value["label"])}
        elif mine and isinstance(value, str):
            new[name] = mine.get(value, value)
    return new


def _row(payload: Json) -> Json:
    row = {name: payload[name] for name in ("annotation_id", "key", "updated")}
    return row | {"version": payload["story_version"], "payload": payload}


def _some(values: Sequence[Any]) -> Iterator[list[Any]]:
    """As many values at a time as one statement takes."""
    for at in range(0, len(values), 500):
        yield list(values[at : at + 500])


def _by_id(db: sa.Connection, ids: Sequence[int]) -> dict[int, Json]:
    chosen = sa.select(reviews.c.annotation_id, reviews.c.payload)
    return {r.annotation_id: r.payload for some in _some(ids) for r in db.execute(chosen.where(reviews.c.annotation_id.in_(some)))}


def _annotations(db: sa.Connection, keys: Sequence[str]) -> list[tuple[str, int]]:
    chosen = sa.select(reviews.c.key, reviews.c.annotation_id)
    return [(r.key, r.annotation_id) for some in _some(keys) for r in db.execute(chosen.where(reviews.c.key.in_(some)))]


def _homeless(db: sa.Connection, keys: Sequence[str]) -> dict[str, list[Json]]:
    """Reviews whose annotation was lost with its server (a negative id), by task."""
    found: dict[str, list[Json]] = {}
    for some in _some(keys):
        chosen = sa.select(reviews.c.annotation_id, reviews.c.payload).where(reviews.c.key.in_(some), reviews.c.annotation_id < 0)
        for row in db.execute(chosen.order_by(-reviews.c.annotation_id)):
            found.setdefault(row.payload["key"], []).append(row.payload | {"annotation_id": row.annotation_id})
    return found


def _delete(db: sa.Connection, ids: Sequence[int]) -> None:
    for some in _some(ids):
        db.execute(sa.delete(reviews).where(reviews.c.annotation_id.in_(some)))


def _took_home(db: sa.Connection, payload: Json, homeless: list[Json]) -> bool:
    """Whether an annotation is a review's that had lost its own: then that goes, and its time is kept."""
    for old in homeless:
        if _but_for_time(old, "annotation_id") == _but_for_time(payload, "annotation_id"):
            _delete(db, [old["annotation_id"]])
            payload["updated"] = old["updated"]
            homeless.remove(old)
            return True
    return False


def _but_for_time(payload: Json, *more: str) -> Json:
    return {name: value for name, value in payload.items() if name not in ("updated", *more)}


def _json(value: Any) -> Any:
    """A value as JSON would give it back."""
    return json.loads(json.dumps(value))
