"""Stories in the store: what arrives, in which state, and what waits to be annotated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from flows.store.tasks import Tasks
from flows.tables import stories
from schemas.story import Status, Story

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
            versions = {r.version: r for r in db.execute(sa.select(stories).where(stories.c.guid == story.guid))}
            same = versions.get(story.version)
            if same and not _alike(same, story):
                # a feed without versions changed or killed the item, or a guid was used again: it is a version of its own
                same = next((r for r in versions.values() if _alike(r, story)), None)
                story = replace(story, version=same.version if same else max(versions) + 1)
            if same:
                return Arrival(story, same.state, same.reason, known=True)
            state, reason = self._place(db, story)
            db.execute(
                sa.insert(stories).values(
                    guid=story.guid,
                    version=story.version,
                    digest=story.digest,
                    body_digest=story.body_digest,
                    state=state,
                    reason=reason,
                    received=received,
                    payload=story.to_dict(),
                )
            )
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


def _alike(row: sa.Row, story: Story) -> bool:
    return row.digest == story.digest and row.payload["status"] == story.status


def version_row(guid: str, version: int) -> sa.Update:
    """The update of one story version's row."""
    return sa.update(stories).where(stories.c.guid == guid, stories.c.version == version)


def _of(story: Story) -> sa.Update:
    return sa.update(stories).where(stories.c.guid == story.guid)
