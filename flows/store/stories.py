"""Stories in the store: what arrives, in which state, and what waits to be annotated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from flows.store.tasks import Tasks
from flows.tables import likeness, marks, stories
from schemas.story import Status, Story

_CHAIN = "chain "
"""How the marks begin that say in whose chain a guid stands."""
_CHUNK = 500
_PLAIN = {Status.USABLE: ("new", ""), Status.WITHHELD: ("held", "not for publication")}
"""State and reason of a story of which nothing is known."""
_EMBARGO = stories.c.payload["embargo"].as_string().label("embargo")
"""Alone, since whole stories would not fit into memory where many wait."""


@dataclass(frozen=True)
class Arrival:
    """What became of a delivered story: state `new` is work; any other says why not."""

    story: Story
    state: str
    reason: str
    known: bool


class Stories(Tasks):
    """What the store does with stories."""

    def add_story(self, story: Story, received: str) -> Arrival:
        """Takes in a delivered story once; a newer version supersedes the older, an older one arrives superseded.

        A version number that comes again with another text or status is taken as the next version.
        """
        with self.writing() as db:
            return self._add(db, story, received)

    def add_stories(self, batch: Sequence[Story], received: str) -> list[Arrival]:
        """Takes in stories in one transaction, each as `add_story` does; those of which nothing is known are inserted together."""
        with self.writing() as db:
            parts = [batch[at : at + _CHUNK] for at in range(0, len(batch), _CHUNK)]
            return [arrival for part in parts for arrival in self._add_part(db, part, received)]

    def _add_part(self, db: sa.Connection, part: Sequence[Story], received: str) -> list[Arrival]:
        arrivals: list[Arrival] = []
        plain: list[dict[str, Any]] = []
        rows = [_row(story, *_PLAIN.get(story.status, ("", "")), received) for story in part]
        known, bodies = _met(db, rows)
        for story, row in zip(part, rows, strict=True):
            if story.guid in known or story.replaces or not row["state"] or row["body_digest"] in bodies:
                plain = _flushed(db, plain)
                arrivals.append(self._add(db, story, received))
            else:
                plain.append(row)
                arrivals.append(Arrival(story, row["state"], row["reason"], known=False))
            known |= {story.guid, arrivals[-1].story.guid}
            bodies.add(row["body_digest"])
        _flushed(db, plain)
        return arrivals

    def _add(self, db: sa.Connection, story: Story, received: str) -> Arrival:
        story = _in_chain(db, story)
        versions = {r.version: r for r in db.execute(sa.select(stories).where(stories.c.guid == story.guid))}
        same = versions.get(story.version)
        if same and not _alike(same, story):
            # a feed without versions changed or killed the item, or a guid was used again: it is a version of its own
            same = next((r for r in versions.values() if _alike(r, story)), None)
            story = replace(story, version=same.version if same else max(versions) + 1)
        if same:
            return Arrival(story, same.state, same.reason, known=True)
        state, reason = self._place(db, story)
        db.execute(sa.insert(stories), _row(story, state, reason, received))
        if state == "cancelled":
            db.execute(_of(story).where(stories.c.state != "cancelled").values(state="cancelled", reason=reason))
            self._close(db, story.guid, reason)
            self._free_duplicates(db, story.guid)
        elif state != "superseded":
            older = _of(story).where(stories.c.version < story.version, stories.c.state != "cancelled")
            db.execute(older.values(state="superseded", reason=f"version {story.version} came"))
        return Arrival(story, state, reason, known=False)

    def knows(self, story: Story) -> bool:
        """Whether this story came before, under whatever version number."""
        with self.reading() as db:
            return any(_alike(row, story) for row in db.execute(sa.select(stories).where(stories.c.guid == story.guid)))

    def _free_duplicates(self, db: sa.Connection, killed: str) -> None:
        """The same story from another feed, held back for the killed one's sake, takes its place: its agency stands by it."""
        mine = sa.select(stories.c.body_digest).where(stories.c.guid == killed)
        held = (stories.c.state == "duplicate") & stories.c.body_digest.in_(mine)
        chosen = sa.select(stories).where(held, stories.c.guid != killed).order_by(stories.c.received, stories.c.guid)
        for digest, row in {r.body_digest: r for r in reversed(db.execute(chosen).all())}.items():
            db.execute(version_row(row.guid, row.version).values(state="new", reason=""))
            rest = sa.update(stories).where(stories.c.state == "duplicate", stories.c.body_digest == digest)
            db.execute(rest.values(reason=f"same text as {row.guid}"))
        # Claims that needed no task because the killed story had them need one now: its like are gone through again.
        cluster = sa.select(likeness.c.cluster).where(likeness.c.guid == killed)
        like = sa.select(likeness.c.guid).where(likeness.c.cluster.in_(cluster), likeness.c.guid != killed)
        db.execute(sa.update(stories).where(stories.c.state == "annotated", stories.c.guid.in_(like)).values(state="new"))

    def _place(self, db: sa.Connection, story: Story) -> tuple[str, str]:
        """The state in which a story arrives, and why."""
        others = db.execute(sa.select(stories.c.version, stories.c.state).where(stories.c.guid == story.guid)).all()
        if story.status is Status.CANCELLED:
            return "cancelled", f"killed by version {story.version}: {story.note or 'no reason given'}"
        if any(o.state == "cancelled" for o in others):
            return "cancelled", "the story had been killed"
        if any(o.version > story.version for o in others):
            return "superseded", f"version {max(o.version for o in others)} had come before"
        if story.status is Status.WITHHELD:
            return "held", "not for publication"
        twin = db.execute(
            sa.select(stories.c.guid)
            .where(stories.c.body_digest == story.body_digest, stories.c.guid != story.guid)
            .where(stories.c.state.in_(("new", "annotated")))
            .order_by(stories.c.received, stories.c.guid)
        ).first()
        if twin:
            return "duplicate", f"same text as {twin.guid}"
        return "new", ""

    def set_aside(self, keys: Iterable[tuple[str, int]]) -> list[tuple[str, int, str, str]]:
        """Those of the stories that are not for annotation: guid, version, state and reason, in the order given."""
        with self.reading() as db:
            chosen = sa.select(stories.c.guid, stories.c.version, stories.c.state, stories.c.reason).where(
                stories.c.state.not_in(("new", "annotated"))
            )
            aside = {(r.guid, r.version): (r.state, r.reason) for r in db.execute(chosen)}
        return [(*key, *aside[key]) for key in dict.fromkeys(keys) if key in aside]

    def waiting_stories(self, now: str) -> list[tuple[str, int]]:
        """Stories without claims, oldest first, those under embargo at `now` (ISO 8601, UTC) left out."""
        with self.reading() as db:
            rows = db.execute(
                sa.select(stories.c.guid, stories.c.version, _EMBARGO)
                .where(stories.c.state == "new")
                .order_by(stories.c.received, stories.c.guid, stories.c.version)
            )
            return [(r.guid, r.version) for r in rows if not r.embargo or utc(r.embargo) <= now]

    def embargoed(self, now: str) -> list[tuple[str, str]]:
        """Guids that wait for their time, with it."""
        with self.reading() as db:
            chosen = sa.select(stories.c.guid, _EMBARGO).where(stories.c.state == "new", _EMBARGO != "")
            return [(r.guid, r.embargo) for r in db.execute(chosen.order_by(stories.c.guid)) if utc(r.embargo) > now]

    def story(self, guid: str, version: int) -> Story:
        """One version of a story."""
        with self.reading() as db:
            row = db.execute(sa.select(stories.c.payload).where(stories.c.guid == guid, stories.c.version == version)).one()
        return Story.from_dict(row.payload)

    def hold_story(self, guid: str, version: int, reason: str) -> None:
        """Sets a story aside that could not be annotated."""
        with self.writing() as db:
            db.execute(version_row(guid, version).values(state="held", reason=reason))

    def story_states(self) -> dict[str, int]:
        """How many story versions are in each state."""
        with self.writing() as db:
            rows = db.execute(sa.select(stories.c.state, sa.func.count()).group_by(stories.c.state).order_by(stories.c.state)).all()
        return {row[0]: row[1] for row in rows}


def utc(when: str) -> str:
    """An ISO 8601 time in UTC, comparable as text; one without a zone is taken as UTC."""
    moment = datetime.fromisoformat(when)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")


def _row(story: Story, state: str, reason: str, received: str) -> dict[str, Any]:
    return {
        "guid": story.guid,
        "version": story.version,
        "digest": story.digest,
        "body_digest": story.body_digest,
        "state": state,
        "reason": reason,
        "received": received,
        "payload": story.to_dict(),
    }


def _flushed(db: sa.Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Inserts rows; gives the empty list to go on with."""
    if rows:
        db.execute(sa.insert(stories), rows)
    return []


def _met(db: sa.Connection, rows: Sequence[dict[str, Any]]) -> tuple[set[str], set[str]]:
    """Of a batch's rows, the guids that came before, under their own name or in another's chain, and the bodies that did."""
    guids, bodies = {row["guid"] for row in rows}, {row["body_digest"] for row in rows}
    known = set(db.execute(sa.select(stories.c.guid).where(stories.c.guid.in_(guids))).scalars())
    known |= {
        name.removeprefix(_CHAIN)
        for name in db.execute(sa.select(marks.c.name).where(marks.c.name.in_([_CHAIN + g for g in guids]))).scalars()
    }
    return known, set(db.execute(sa.select(stories.c.body_digest).where(stories.c.body_digest.in_(bodies))).scalars())


def _in_chain(db: sa.Connection, story: Story) -> Story:
    """A story under the guid of the one that it says it takes the place of, as its next version; where that is not known, as it is."""

    def root(guid: str) -> str | None:
        return db.execute(sa.select(marks.c.value).where(marks.c.name == _CHAIN + guid)).scalar()

    first = root(story.guid)
    if first is None and story.replaces and story.replaces != story.guid:
        before = root(story.replaces) or story.replaces
        mine = db.execute(sa.select(stories.c.guid).where(stories.c.guid.in_((before, story.guid)))).scalars().all()
        if before not in mine or story.guid in mine:
            return story
        db.execute(sa.insert(marks).values(name=_CHAIN + story.guid, value=before))
        first = before
    if first is None:
        return story
    versions = db.execute(sa.select(stories).where(stories.c.guid == first)).all()
    same = next((r.version for r in versions if _alike(r, story)), None)
    return replace(story, guid=first, version=same or max(r.version for r in versions) + 1, replaces=story.guid)


def _alike(row: sa.Row, story: Story) -> bool:
    return row.digest == story.digest and row.payload["status"] == story.status


def version_row(guid: str, version: int) -> sa.Update:
    """The update of one story version's row."""
    return sa.update(stories).where(stories.c.guid == guid, stories.c.version == version)


def _of(story: Story) -> sa.Update:
    return sa.update(stories).where(stories.c.guid == story.guid)
