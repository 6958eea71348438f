"""The way out: the store's waiting tasks into Label Studio, in the queue's order and within its budget; closed ones out of it."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from flows.ordering import ordered
from flows.plan import Plan
from flows.store import Entry, Store
from flows.store.notices import CONFLICT, UNREAD
from flows.studio import Studio
from schemas.errors import BadData, BadInput
from schemas.guideline import project_settings
from schemas.labels import VERSION
from schemas.rebuilding import annotation_of, author
from schemas.reviews import Review
from schemas.sampling import drawn, place
from schemas.tasks import claim_task

_CHUNK = 1000
IDENTITY = "label studio project"
"""The mark that says which project the store's tasks are in."""
LABEL_SET = "label set"
"""The mark that says which version of the label set the store's decisions are in."""
Json = dict[str, Any]
Say = Callable[[str], None]
Made = tuple[Sequence[str], list[Json], list[str]]
T = TypeVar("T")


@dataclass
class Sent:
    """What a push did. waits: tasks that the budget has no room for. unsure: keys that may yet arrive a second time."""

    pushed: int = 0
    already: int = 0
    removed: int = 0
    doubles: int = 0
    waits: int = 0
    budget: str = ""
    failures: list[str] = field(default_factory=list)
    unsure: set[str] = field(default_factory=set)


@contextlib.contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Has Python look for garbage less often: it spent a quarter of a push looking through tasks that are none."""
    before = gc.get_threshold()
    gc.set_threshold(20_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@_seldom_collecting()
def push(store: Store, studio: Studio, plan: Plan, *, say: Say, now: datetime | None = None) -> Sent:
    """Brings Label Studio up to the store: waiting tasks in as far as the budget goes, closed and unreviewed ones out.

    Errors: those of `Studio`; BadInput where the project is not the one that the store's tasks are in.
    """
    project = the_project(store, studio)
    sent = Sent()
    there = _tidy(store, studio, project, sent)
    keys = _chosen(store, plan, sent, now or datetime.now(UTC))
    for made in ahead(_made(store, plan, keys)):
        _push_some(store, studio, project, made, sent, say)
    for copies, its in store.doubled().items():
        studio.ask_for_copies(project, its, copies)
    if studio.count(project) != there + sent.pushed:  # somebody else has been at work
        _tidy(store, studio, project, sent)
    _withdraw(store, studio, project, sent)
    _notify(store, studio, project)
    return sent


def _notify(store: Store, studio: Studio, project: int) -> None:
    """Has the pages say what conflicts and unread lines there are, and no longer say those that are settled."""
    said = (key for words in (CONFLICT, UNREAD) for key in studio.noticed(project, words))
    studio.notify(project, {entry.key: entry.notice for entry in store.entries(dict.fromkeys([*store.noticed_keys(), *said]))})


def _tidy(store: Store, studio: Studio, project: int, sent: Sent) -> int:
    """Takes note of tasks that are there without the store's knowing, and removes doubles. Gives how many tasks there are."""
    suspects, waiting = store.handed(), set(store.task_keys(("waiting",)))
    tidied = studio.tidy(project, store.task_ids().values(), suspects)
    store.mark_pushed(tidied.ids)
    store.hand([key for key in suspects if key not in sent.unsure], False)
    sent.doubles += tidied.removed
    sent.already += len(waiting & set(tidied.ids))
    return tidied.there


def the_project(store: Store, studio: Studio) -> int:
    """The project's id, made or brought up to date. Errors: BadInput where it is not the one that the store's tasks are in."""
    if int(store.mark(LABEL_SET) or 1) != VERSION and store.task_ids():
        raise BadInput(f"what was decided is in label set {store.mark(LABEL_SET) or 1}, this is {VERSION}; run `onrecord relabel` first")
    project = studio.ensure_project(studio.title, **project_settings())
    identity = studio.identity(project)
    before = store.mark(IDENTITY)
    if before not in (None, identity) and store.task_ids():
        raise BadInput(
            f"the project {studio.title!r} at {studio.url} is not the one that the store's tasks were pushed to; "
            "see `onrecord reconcile`, which fills it from the store (--apply), or set ONRECORD_LABEL_STUDIO_URL to the other server"
        )
    store.mark(LABEL_SET, str(VERSION))
    if before != identity:
        store.mark(IDENTITY, identity)
    return project


def task_of(entry: Entry, abstain_below: float) -> Json:
    """The Label Studio task of a task in the store. Errors: BadData where it would break the page."""
    return claim_task(
        entry.story,
        entry.claim,
        abstain_below=abstain_below,
        key=entry.key,
        others=entry.others,
        notice=entry.notice,
        blind=entry.blind,
    )


def _made(store: Store, plan: Plan, keys: Sequence[str]) -> Iterator[Made]:
    """The tasks of these keys in chunks, with the keys and why some cannot be made; the first is small, as all wait for it."""
    for first, last in itertools.pairwise([0, *range(_CHUNK // 4, len(keys), _CHUNK), len(keys)] if keys else []):
        some, tasks, faults = keys[first:last], [], []
        for entry in store.entries(some, ("waiting",)):
            try:
                tasks.append(task_of(entry, plan.abstain_below))
            except BadData as error:
                faults.append(str(error))
        yield some, tasks, faults


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same, each made in a thread while its user is at work on the one before."""
    end = object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, end)
        while (here := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield cast(T, here)


def _push_some(store: Store, studio: Studio, project: int, made: Made, sent: Sent, say: Say) -> None:
    keys, tasks, faults = made
    sent.failures += faults
    homeless = store.homeless(keys)
    returned = {task["data"]["key"]: _with_reviews(task, homeless.get(task["data"]["key"], ()), sent) for task in tasks}
    studio.ensure_people({author(review.by) for back in returned.values() for review in back})
    store.hand(keys)
    pushed = studio.push(project, tasks, say=say, new=True)
    _house(store, studio, project, {key: back for key, back in returned.items() if back and key not in pushed.refused})
    store.mark_pushed(pushed.created | pushed.already)
    store.hand([key for key in keys if key not in pushed.unsure], False)
    sent.unsure |= pushed.unsure
    sent.pushed += len(pushed.created)
    sent.doubles += pushed.duplicates_removed
    sent.failures += [f"task {key} refused by Label Studio: {why}" for key, why in pushed.refused.items()]


def _with_reviews(task: Json, reviews: Iterable[Review], sent: Sent) -> list[Review]:
    """Puts the annotations of reviews into a task that goes to a server which lacks them; gives those that it could."""
    back: list[Review] = []
    for review in reviews:
        try:
            task.setdefault("annotations", []).append(annotation_of(review, task["data"]))
            back.append(review)
        except BadData as error:
            sent.failures.append(f"a review by {review.by} stays in the store alone: {error}")
    return back


def _house(store: Store, studio: Studio, project: int, returned: Mapping[str, list[Review]]) -> None:
    """Notes which annotation stands for each review that came back: they were made in the reviews' order, before all others."""
    there, known = studio.annotation_ids(project, returned), store.annotation_ids(list(returned))
    ids: dict[int, int] = {}
    for key, back in returned.items():
        new = sorted(there.get(key, set()) - known.get(key, set()))
        ids |= {review.annotation_id: number for review, number in zip(back, new, strict=False)}
    store.house(ids)


def _withdraw(store: Store, studio: Studio, project: int, sent: Sent) -> None:
    closed = store.closed_in_studio()
    if closed:
        gone = studio.delete(project, closed)
        store.mark_removed(gone)
        sent.removed += len(gone)


def _chosen(store: Store, plan: Plan, sent: Sent, now: datetime) -> list[str]:
    """Keys of the tasks to push, in order: as many as fit, those for two people counted twice, hidden gold among them."""
    back = store.homeless()  # reviewed already: takes nobody's time
    queue = ordered((task for task in store.waiting() if task.key not in back), now)
    copies = {key: 2 if drawn(key, "double", plan.double, plan.seed) else 1 for key in queue}
    keys = queue
    if plan.budget:
        seconds, measured = store.seconds_per_task()
        room = plan.budget.size(seconds) - store.open_copies()
        keys = list(_within(queue, copies, room))
        sent.waits = len(queue) - len(keys)
        how = f"median of {measured} reviews" if measured else "not measured yet"
        sent.budget = f"room for {max(room, 0)} more reviews at {seconds:.0f} s each ({how})"
    store.double((key, drawn(key, "blind", plan.blind, plan.seed)) for key in keys if copies[key] > 1)
    returning = [key for key in store.task_keys(("waiting",)) if key in back]
    return returning + _with_gold(store, plan, keys)


def _within(queue: Iterable[str], copies: dict[str, int], room: int) -> Iterable[str]:
    for key in queue:
        room -= copies[key]
        if room < 0:
            return
        yield key


def _with_gold(store: Store, plan: Plan, keys: list[str]) -> list[str]:
    """The keys with hidden gold tasks after a drawn share of them, each asking a claim again that people agreed on."""
    after = [key for key in keys if drawn(key, "gold", plan.gold, plan.seed)]
    known = store.gold()
    pool = [key for key in agreed(store) if key not in known.values()] if after else []
    pool.sort(key=lambda key: place(key, "gold order", plan.seed))
    made = {at: (_gold_key(same), same) for at, same in zip(after, pool, strict=False)}
    store.add_gold(made.values())
    return [k for key in keys for k in ((key, made[key][0]) if key in made else (key,))]


def _gold_key(same: str) -> str:
    return hashlib.sha256(f"gold\x1d{same}".encode()).hexdigest()[:24]


def agreed(store: Store) -> list[str]:
    """Keys of claims that two people or more have reviewed, all with the same spans and choices."""
    by_task: dict[str, dict[str, tuple]] = {}
    for review in store.all_reviews():
        if not review.skipped and review.kind == "claim":
            said = (tuple((c.source, c.cue, c.content) for c in review.claims[:1]), tuple(sorted(review.choices.items())))
            by_task.setdefault(review.key, {})[review.by] = said
    gold = store.gold()
    return [key for key, said in by_task.items() if len(said) > 1 and len(set(said.values())) == 1 and key not in gold]
