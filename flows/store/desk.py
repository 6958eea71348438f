"""What the review desk asks of the store: what waits with its rank's grounds, tasks whole, and what people left."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from flows.store.notices import Notices, told
from flows.tables import claims, marks, reviews, stories, tasks
from schemas.claim import Claim
from schemas.reviews import Review
from schemas.story import Story

_FEW = 20
"""Reviews below which their seconds say little."""
SECONDS = 30.0
"""Seconds a task takes, as long as nothing was measured."""
_CHUNK = 500
_ASKABLE = (tasks.c.state == "pushed") & (tasks.c.kind == "claim")
_LONGEST = 900.0
"""Seconds after which somebody has gone for lunch."""


@dataclass(frozen=True)
class Waiting:
    """A task that waits, with what its place in the queue depends on. received: when its story came, ISO 8601."""

    key: str
    kind: str
    claim: Claim
    received: str


@dataclass(frozen=True)
class Entry:
    """A task of the store with all that is needed to show it.

    others: the claims that the model found in the story. notice: what the annotator must know first.
    """

    key: str
    kind: str
    state: str
    story: Story
    claim: Claim
    others: tuple[Claim, ...]
    copies: int
    blind: bool
    notice: str
    task_id: int | None


class Desk(Notices):
    """What the store does for the desk."""

    def waiting(self) -> Iterator[Waiting]:
        """Tasks that have not been pushed, one after the other, in order of story and key."""
        with self.reading() as db:
            rows = db.execution_options(yield_per=1000).execute(
                _with_claim(sa.select(tasks.c.key, tasks.c.kind, claims.c.payload, stories.c.received))
                .where(tasks.c.state == "waiting")
                .order_by(tasks.c.guid, tasks.c.key)
            )
            for row in rows:
                yield Waiting(row.key, row.kind, Claim.from_dict(row.payload), row.received)

    def entries(self, keys: Iterable[str] | None = None, states: Sequence[str] = ("waiting", "pushed", "closed")) -> Iterator[Entry]:
        """Tasks whole: of these keys in their order, or all in order of key."""
        wanted = list(self.task_keys(states) if keys is None else keys)
        for at in range(0, len(wanted), _CHUNK):
            found = self._entries(wanted[at : at + _CHUNK], states)
            yield from (found[key] for key in wanted[at : at + _CHUNK] if key in found)

    def _entries(self, keys: list[str], states: Sequence[str]) -> dict[str, Entry]:
        with self.reading() as db:
            chosen = _with_claim(sa.select(tasks, claims.c.key.label("about")))
            # states are told apart here: by its index of states SQLite reads all that wait, for each chunk of them again
            rows = [row for row in db.execute(chosen.where(tasks.c.key.in_(keys))) if row.state in states]
            guids = {row.guid for row in rows}
            found: dict[tuple[str, int, str], dict[str, Claim]] = {}
            for row in db.execute(sa.select(claims).where(claims.c.guid.in_(guids)).order_by(claims.c.key)):
                found.setdefault((row.guid, row.version, row.by), {})[row.key] = Claim.from_dict(row.payload)
            versions = db.execute(sa.select(stories.c.guid, stories.c.version, stories.c.payload).where(stories.c.guid.in_(guids)))
            texts = {(row.guid, row.version): Story.from_dict(row.payload) for row in versions}
            lines = told(db, keys)
        return {
            row.key: _entry(row, texts[row.guid, row.version], found[row.guid, row.version, row.by], lines.get(row.key, ())) for row in rows
        }

    def task_keys(self, states: Sequence[str]) -> list[str]:
        """Keys of the tasks in these states, in order."""
        with self.reading() as db:
            return list(db.execute(sa.select(tasks.c.key).where(tasks.c.state.in_(states)).order_by(tasks.c.key)).scalars())

    def task_ids(self) -> dict[str, int]:
        """The Label Studio task of each key that has one."""
        with self.reading() as db:
            return {row.key: row.task_id for row in db.execute(sa.select(tasks.c.key, tasks.c.task_id).where(tasks.c.task_id.is_not(None)))}

    def hand(self, keys: Sequence[str], handed: bool = True) -> None:
        """Notes that tasks are being handed to Label Studio, or what came of one such time: counted, for two runs may hand the same."""
        with self.writing() as db:
            for at in range(0, len(keys), _CHUNK):
                some = tasks.c.key.in_(list(keys[at : at + _CHUNK]))
                more = tasks.c.handed + 1 if handed else sa.case((tasks.c.handed > 0, tasks.c.handed - 1), else_=0)
                db.execute(sa.update(tasks).where(some).values(handed=more))

    def handed(self) -> list[str]:
        """Keys of tasks that were handed to Label Studio by a push that did not learn what came of it."""
        with self.reading() as db:
            return list(db.execute(sa.select(tasks.c.key).where(tasks.c.handed > 0).order_by(tasks.c.key)).scalars())

    def open_copies(self) -> int:
        """How many reviews the tasks in Label Studio still wait for."""
        done = sa.select(reviews.c.key, sa.func.count().label("n")).group_by(reviews.c.key).subquery()
        left = tasks.c.copies - sa.func.coalesce(done.c.n, 0)
        with self.reading() as db:
            chosen = sa.select(sa.func.sum(left)).select_from(tasks.outerjoin(done, done.c.key == tasks.c.key))
            return int(db.execute(chosen.where(tasks.c.state == "pushed", left > 0)).scalar() or 0)

    def doubled(self) -> dict[int, list[str]]:
        """Keys of tasks in Label Studio that several people are to review, by how many."""
        found: dict[int, list[str]] = {}
        with self.reading() as db:
            chosen = sa.select(tasks.c.copies, tasks.c.key).where(tasks.c.state == "pushed", tasks.c.copies > 1).order_by(tasks.c.key)
            for row in db.execute(chosen):
                found.setdefault(row.copies, []).append(row.key)
        return found

    def ask_again(self, keys: Sequence[str], most: int) -> dict[str, int]:
        """Has the first so many of reviewed tasks, of those that wait for nobody, reviewed by one more; gives by how many in all."""
        asked: dict[str, int] = {}
        with self.writing() as db:
            done = sa.select(sa.func.count(reviews.c.payload["by"].as_string().distinct())).where(reviews.c.key == tasks.c.key)
            for key in keys:
                row = db.execute(
                    sa.select(tasks.c.copies, done.scalar_subquery().label("done")).where(tasks.c.key == key, _ASKABLE)
                ).first()
                if row and row.copies <= row.done and len(asked) < most:
                    asked[key] = row.done + 1
                    db.execute(sa.update(tasks).where(tasks.c.key == key).values(copies=row.done + 1))
        return asked

    def double(self, rows: Iterable[tuple[str, bool]]) -> None:
        """Waiting tasks that two people are to review, by key; whether their pre-label is hidden from them."""
        with self.writing() as db:
            for key, blind in rows:
                chosen = sa.update(tasks).where(tasks.c.key == key, tasks.c.state == "waiting")
                db.execute(chosen.values(copies=2, blind=int(blind)))

    def add_gold(self, rows: Iterable[tuple[str, str]]) -> None:
        """Opens hidden gold tasks: key of the new task and of the claim that it asks again; what is there stays."""
        with self.writing() as db:
            for key, same_as in rows:
                known = db.execute(sa.select(tasks.c.key).where(tasks.c.key == key)).first()
                old = db.execute(sa.select(tasks).where(tasks.c.key == same_as)).first()
                if old and not known:
                    values = {"key": key, "same_as": same_as, "kind": "gold", "state": "waiting", "reason": ""}
                    db.execute(sa.insert(tasks).values(guid=old.guid, version=old.version, by=old.by, **values))

    def gold(self) -> dict[str, str]:
        """The claim that each hidden gold task asks again."""
        with self.reading() as db:
            return {row.key: row.same_as for row in db.execute(sa.select(tasks.c.key, tasks.c.same_as).where(tasks.c.kind == "gold"))}

    def blind_keys(self) -> set[str]:
        """Keys of the tasks whose pre-label is hidden."""
        with self.reading() as db:
            return set(db.execute(sa.select(tasks.c.key).where(tasks.c.blind == 1)).scalars())

    def seconds_per_task(self) -> tuple[float, int]:
        """The median of what reviews took, and of how many; a stated guess where they are few."""
        with self.reading() as db:
            payloads = db.execute(sa.select(reviews.c.payload)).scalars()
            took = [min(p["seconds"], _LONGEST) for p in payloads if p["seconds"] > 0 and not p["skipped"]]
        return (statistics.median(took) if len(took) >= _FEW else SECONDS), len(took)

    def all_reviews(self, *, shared: bool = False) -> list[Review]:
        """Every review, of killed stories too, in order of task and annotation. shared: only those of tasks that have several."""
        chosen = sa.select(reviews.c.payload).order_by(reviews.c.key, reviews.c.annotation_id)
        several = sa.select(reviews.c.key).group_by(reviews.c.key).having(sa.func.count() > 1)
        with self.reading() as db:
            rows = db.execute(chosen.where(reviews.c.key.in_(several)) if shared else chosen).scalars()
            return [Review.from_dict(payload) for payload in rows]

    def speakers(self, keys: Sequence[str]) -> dict[str, str | None]:
        """Who the pre-labelled claims of tasks resolved to."""
        found: dict[str, str | None] = {}
        with self.reading() as db:
            for at in range(0, len(keys), _CHUNK):
                some = sa.select(claims.c.key, claims.c.payload).where(claims.c.key.in_(list(keys[at : at + _CHUNK])))
                for row in db.execute(some.order_by(claims.c.version)):
                    found.setdefault(row.key, row.payload["speaker"])
        return found

    def annotation_ids(self, keys: Sequence[str]) -> dict[str, set[int]]:
        """The annotations of each task that the store has reviews of."""
        found: dict[str, set[int]] = {}
        with self.reading() as db:
            for at in range(0, len(keys), _CHUNK):
                some = sa.select(reviews.c.key, reviews.c.annotation_id).where(reviews.c.key.in_(list(keys[at : at + _CHUNK])))
                for row in db.execute(some):
                    found.setdefault(row.key, set()).add(row.annotation_id)
        return found

    # A Label Studio that was lost

    def forget_studio(self, identity_mark: str, identity: str) -> None:
        """Notes that what was in Label Studio is not in the project of this identity: everything waits again.

        Reviews get the negative of their annotation's id until they have another: they are kept, whatever a pull sees.
        """
        with self.writing() as db:
            db.execute(sa.update(reviews).where(reviews.c.annotation_id > 0).values(annotation_id=-reviews.c.annotation_id))
            db.execute(sa.update(tasks).where(tasks.c.state == "pushed").values(state="waiting"))
            db.execute(sa.update(tasks).values(task_id=None))
            db.execute(sa.delete(marks).where(marks.c.name.startswith("pulled ") | (marks.c.name == identity_mark)))
            db.execute(sa.insert(marks).values(name=identity_mark, value=identity))

    def put_back(self, keys: Sequence[str]) -> None:
        """Has tasks that were deleted in Label Studio wait again, with their reviews."""
        with self.writing() as db:
            mine = reviews.c.key.in_(list(keys)) & (reviews.c.annotation_id > 0)
            db.execute(sa.update(reviews).where(mine).values(annotation_id=-reviews.c.annotation_id))
            db.execute(sa.update(tasks).where(tasks.c.key.in_(list(keys))).values(state="waiting", task_id=None))

    def close_tasks(self, keys: Sequence[str], reason: str) -> None:
        """Closes tasks for a reason."""
        with self.writing() as db:
            chosen = tasks.c.key.in_(list(keys)) & (tasks.c.state != "closed")
            db.execute(sa.update(tasks).where(chosen).values(state="closed", reason=reason))

    def homeless(self, keys: Sequence[str] | None = None) -> dict[str, list[Review]]:
        """Reviews that no annotation in Label Studio stands for, by task, in the order in which they were made."""
        chosen = sa.select(reviews).where(reviews.c.annotation_id < 0).order_by(reviews.c.key, -reviews.c.annotation_id)
        found: dict[str, list[Review]] = {}
        with self.reading() as db:
            for row in db.execute(chosen if keys is None else chosen.where(reviews.c.key.in_(list(keys)))):
                found.setdefault(row.key, []).append(Review.from_dict(row.payload | {"annotation_id": row.annotation_id}))
        return found

    def house(self, ids: dict[int, int]) -> None:
        """Gives reviews the annotation that stands for them now: from their negative id to the new one."""
        with self.writing() as db:
            for old, new in ids.items():
                row = db.execute(sa.select(reviews.c.payload).where(reviews.c.annotation_id == old)).one()
                values = {"annotation_id": new, "payload": row.payload | {"annotation_id": new}}
                db.execute(sa.update(reviews).where(reviews.c.annotation_id == old).values(**values))


def _with_claim(chosen: sa.Select) -> sa.Select:
    """Joined with the claim that a task is about, and its story."""
    about = sa.case((tasks.c.same_as != "", tasks.c.same_as), else_=tasks.c.key)
    return (
        chosen.select_from(tasks)
        .join(claims, (claims.c.key == about) & (claims.c.version == tasks.c.version) & (claims.c.by == tasks.c.by))
        .join(stories, (stories.c.guid == tasks.c.guid) & (stories.c.version == tasks.c.version))
    )


def _entry(row: sa.Row, story: Story, found: dict[str, Claim], lines: Iterable[str]) -> Entry:
    return Entry(
        row.key,
        row.kind,
        row.state,
        story,
        found[row.about],
        tuple(claim for claim in found.values() if claim.attributed),
        row.copies,
        bool(row.blind),
        "\n".join(line for line in (row.notice, *lines) if line),
        row.task_id,
    )
