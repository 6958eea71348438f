"""The system of record: stories, claims, tasks, reviews and what was turned away, in one database.

SQLite by default, PostgreSQL by URL. Label Studio is a view of it. Every method is one transaction.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, event

from flows.tables import claims, marks, metadata, quarantine, reviews, stories, tasks
from schemas.claim import Claim
from schemas.errors import BadInput, Unavailable
from schemas.reviews import Review
from schemas.story import Status, Story

_GONE = "not in version "
"""How the reason begins why a task of a claim that a new version lacks is closed."""


@dataclass(frozen=True)
class Arrival:
    """What became of a delivered story: state `new` is work; any other says why not."""

    story: Story
    state: str
    reason: str
    known: bool


class Store:
    """The database behind a URL."""

    def __init__(self, url: str) -> None:
        """Opens and, if need be, creates the tables. Errors: BadInput for a URL, Unavailable for a database that cannot be used."""
        try:
            parsed = sa.make_url(url)
            if parsed.get_backend_name() == "sqlite" and parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = _engine(parsed)
            metadata.create_all(self.engine)
        except sa.exc.ArgumentError as error:
            raise BadInput("store URL cannot be read; give sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME") from error
        except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
            raise Unavailable(f"the store cannot be opened: {_first_line(error)}") from error

    @contextlib.contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        """One transaction. Errors: Unavailable where the database cannot carry it out: locked, full, gone."""
        try:
            with self.engine.begin() as db:
                yield db
        except sa.exc.OperationalError as error:
            reason = _first_line(error.orig or error)
            raise Unavailable(f"the store failed: {reason}; mend that and run again, nothing half-done was kept") from error

    # Stories

    def add_story(self, story: Story, received: str) -> Arrival:
        """Takes in a delivered story once; a newer version supersedes the older, an older one arrives superseded.

        A version number that comes again with another text or status is taken as the next version.
        """
        with self._begin() as db:
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

    def _free_duplicates(self, db: sa.Connection, killed: str) -> None:
        """The same story from another feed, held back for the killed one's sake, takes its place: its agency stands by it."""
        mine = sa.select(stories.c.body_digest).where(stories.c.guid == killed)
        held = (stories.c.state == "duplicate") & stories.c.body_digest.in_(mine)
        chosen = sa.select(stories).where(held, stories.c.guid != killed).order_by(stories.c.received, stories.c.guid)
        for digest, row in {r.body_digest: r for r in reversed(db.execute(chosen).all())}.items():
            db.execute(_version(row.guid, row.version).values(state="new", reason=""))
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
        with self._begin() as db:
            chosen = sa.select(stories.c.guid, stories.c.version, stories.c.state, stories.c.reason).where(
                stories.c.state.not_in(("new", "annotated"))
            )
            aside = {(r.guid, r.version): (r.state, r.reason) for r in db.execute(chosen)}
        return [(*key, *aside[key]) for key in dict.fromkeys(keys) if key in aside]

    def waiting_stories(self, now: str) -> list[tuple[str, int]]:
        """Stories without claims, oldest first, those under embargo at `now` (ISO 8601, UTC) left out."""
        with self._begin() as db:
            rows = db.execute(
                sa.select(stories.c.guid, stories.c.version, stories.c.payload)
                .where(stories.c.state == "new")
                .order_by(stories.c.received, stories.c.guid, stories.c.version)
            )
            return [(r.guid, r.version) for r in rows if not r.payload["embargo"] or utc(r.payload["embargo"]) <= now]

    def embargoed(self, now: str) -> list[tuple[str, str]]:
        """Guids that wait for their time, with it."""
        with self._begin() as db:
            rows = db.execute(sa.select(stories.c.guid, stories.c.payload).where(stories.c.state == "new").order_by(stories.c.guid))
            return [(r.guid, r.payload["embargo"]) for r in rows if r.payload["embargo"] and utc(r.payload["embargo"]) > now]

    def story(self, guid: str, version: int) -> Story:
        """One version of a story."""
        with self._begin() as db:
            row = db.execute(sa.select(stories.c.payload).where(stories.c.guid == guid, stories.c.version == version)).one()
        return Story.from_dict(row.payload)

    def hold_story(self, guid: str, version: int, reason: str) -> None:
        """Sets a story aside that could not be annotated."""
        with self._begin() as db:
            db.execute(_version(guid, version).values(state="held", reason=reason))

    def story_states(self) -> dict[str, int]:
        """How many story versions are in each state."""
        with self._begin() as db:
            rows = db.execute(sa.select(stories.c.state, sa.func.count()).group_by(stories.c.state).order_by(stories.c.state)).all()
        return {row[0]: row[1] for row in rows}

    # Claims and tasks

    def add_claims(self, story: Story, found: Sequence[Claim]) -> None:
        """Keeps a story's claims, opens a task for each attributed one that has none, closes those whose claim is gone."""
        with self._begin() as db:
            live = db.execute(sa.select(stories.c.state).where(stories.c.guid == story.guid, stories.c.version == story.version)).scalar()
            if live != "new":
                return
            values = [
                {"key": c.key, "version": c.story_version, "by": c.by, "guid": c.story_id, "score": c.score, "payload": c.to_dict()}
                for c in found
            ]
            if values:
                db.execute(sa.insert(claims), values)
            attributed = {c.key: c for c in found if c.attributed}
            known = {row.key for row in db.execute(sa.select(tasks.c.key).where(tasks.c.guid == story.guid))}
            opened = [
                {"key": c.key, "guid": story.guid, "version": story.version, "by": c.by, "state": "waiting", "reason": ""}
                for c in attributed.values()
                if c.key not in known
            ]
            if opened:
                db.execute(sa.insert(tasks), opened)
            self._close(db, story.guid, f"{_GONE}{story.version}", keep=list(attributed))
            # what nobody has seen yet is shown as the newest version has it; what had vanished and is back, again
            unseen = (tasks.c.state == "waiting") | ((tasks.c.state == "closed") & tasks.c.reason.startswith(_GONE))
            renewed = sa.update(tasks).where(tasks.c.guid == story.guid, tasks.c.key.in_(list(attributed)), unseen)
            db.execute(renewed.values(state="waiting", reason="", version=story.version, by=found[0].by if found else ""))
            db.execute(_version(story.guid, story.version).values(state="annotated"))

    def _close(self, db: sa.Connection, guid: str, reason: str, keep: Iterable[str] = ()) -> None:
        """Closes a story's open tasks; reviewed ones keep their reviews."""
        chosen = (tasks.c.guid == guid) & tasks.c.key.not_in(list(keep)) & (tasks.c.state != "closed")
        db.execute(sa.update(tasks).where(chosen).values(state="closed", reason=reason))

    def waiting_tasks(self) -> list[tuple[Story, Claim]]:
        """Claims whose tasks have not been pushed, with their stories, in order of story and key."""
        with self._begin() as db:
            rows = db.execute(
                sa.select(claims.c.payload, stories.c.payload.label("story"))
                .select_from(tasks)
                .join(claims, (claims.c.key == tasks.c.key) & (claims.c.version == tasks.c.version) & (claims.c.by == tasks.c.by))
                .join(stories, (stories.c.guid == tasks.c.guid) & (stories.c.version == tasks.c.version))
                .where(tasks.c.state == "waiting")
                .order_by(tasks.c.guid, tasks.c.key)
            ).all()
        return [(Story.from_dict(r.story), Claim.from_dict(r.payload)) for r in rows]

    def pushed_claims(self) -> list[Claim]:
        """The pre-labelled claims whose tasks are in Label Studio."""
        with self._begin() as db:
            rows = db.execute(
                sa.select(claims.c.payload)
                .join(tasks, (claims.c.key == tasks.c.key) & (claims.c.version == tasks.c.version) & (claims.c.by == tasks.c.by))
                .where(tasks.c.state == "pushed")
                .order_by(claims.c.key)
            ).all()
        return [Claim.from_dict(row.payload) for row in rows]

    def mark_pushed(self, ids: dict[str, int]) -> None:
        """Records the Label Studio task of each key; a task closed meanwhile stays closed."""
        with self._begin() as db:
            for key, task_id in ids.items():
                db.execute(sa.update(tasks).where(tasks.c.key == key).values(task_id=task_id))
                db.execute(sa.update(tasks).where(tasks.c.key == key, tasks.c.state == "waiting").values(state="pushed"))

    def closed_in_studio(self) -> list[str]:
        """Keys of closed tasks that Label Studio still shows and nobody has reviewed."""
        with self._begin() as db:
            reviewed = sa.select(reviews.c.key)
            rows = db.execute(
                sa.select(tasks.c.key)
                .where(tasks.c.state == "closed", tasks.c.task_id.is_not(None), tasks.c.key.not_in(reviewed))
                .order_by(tasks.c.key)
            ).all()
        return [row.key for row in rows]

    def mark_removed(self, keys: Iterable[str]) -> None:
        """Records that closed tasks are gone from Label Studio."""
        with self._begin() as db:
            db.execute(sa.update(tasks).where(tasks.c.key.in_(list(keys))).values(task_id=None))

    def task_states(self) -> dict[str, int]:
        """How many tasks are in each state."""
        with self._begin() as db:
            rows = db.execute(sa.select(tasks.c.state, sa.func.count()).group_by(tasks.c.state).order_by(tasks.c.state)).all()
        return {row[0]: row[1] for row in rows}

    # Reviews

    def add_reviews(self, batch: Iterable[Review], gone: dict[str, set[int]]) -> int:
        """Keeps reviews, the newest word of each annotation; drops those whose annotation was deleted.

        gone: for each task key seen, the annotation ids that Label Studio still has. Returns how many were new or changed.
        """
        changed = 0
        with self._begin() as db:
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
        with self._begin() as db:
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

    def speaker(self, key: str) -> str | None:
        """Who the pre-labelled claim of a task resolved to."""
        with self._begin() as db:
            row = db.execute(sa.select(claims.c.payload).where(claims.c.key == key).order_by(claims.c.version)).first()
        return row.payload["speaker"] if row else None

    # What was turned away, and marks

    def add_quarantine(self, file: str, digest: str, reason: str, seen: str) -> bool:
        """Keeps what could not be read and why; False where the very same file was there already."""
        with self._begin() as db:
            if db.execute(sa.select(quarantine.c.file).where(quarantine.c.file == file, quarantine.c.digest == digest)).first():
                return False
            db.execute(sa.insert(quarantine).values(file=file, digest=digest, reason=reason, seen=seen))
        return True

    def mark(self, name: str, value: str | None = None) -> str | None:
        """Reads a named mark, or sets it to a value."""
        with self._begin() as db:
            if value is not None:
                db.execute(sa.delete(marks).where(marks.c.name == name))
                db.execute(sa.insert(marks).values(name=name, value=value))
                return value
            row = db.execute(sa.select(marks.c.value).where(marks.c.name == name)).first()
        return row.value if row else None


def utc(when: str) -> str:
    """An ISO 8601 time in UTC, comparable as text; one without a zone is taken as UTC."""
    moment = datetime.fromisoformat(when)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")


def _json(value: Any) -> Any:
    """A value as JSON would give it back."""
    return json.loads(json.dumps(value))


def _alike(row: sa.Row, story: Story) -> bool:
    return row.digest == story.digest and row.payload["status"] == story.status


def _version(guid: str, version: int) -> sa.Update:
    return sa.update(stories).where(stories.c.guid == guid, stories.c.version == version)


def _of(story: Story) -> sa.Update:
    return sa.update(stories).where(stories.c.guid == story.guid)


def _engine(url: sa.URL) -> Engine:
    engine = sa.create_engine(url)
    if url.get_backend_name() == "sqlite":

        @event.listens_for(engine, "connect")
        def _pragmas(connection: Any, _: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA busy_timeout=30000")

    return engine


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0]
