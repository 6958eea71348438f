"""Differences between the store and Label Studio, what mends each, and the mending."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flows.plan import Plan
from flows.pulling import pull
from flows.pushing import IDENTITY, Sent, push, task_of
from flows.store import Store
from flows.studio import Studio
from schemas.errors import BadData
from schemas.guideline import project_settings
from schemas.reviews import parse_annotation

Json = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Difference:
    """Something that is not as the store has it: what, which keys it concerns, and what --apply does about it."""

    what: str
    keys: tuple[str, ...]
    repair: str


@dataclass
class Found:
    """All differences, by name: `lost`, `deleted`, `doubled`, `strange`, `leftover`, `bare`, `stale`, `unread`."""

    differences: dict[str, Difference] = field(default_factory=dict)

    def add(self, name: str, what: str, keys: list[str], repair: str) -> None:
        """Notes a difference, if there is one."""
        if keys:
            self.differences[name] = Difference(what, tuple(keys), repair)


def compare(store: Store, studio: Studio, plan: Plan, *, restore: bool) -> Found:
    """What is different. restore: tasks that were deleted in Label Studio are to come back, not to be taken for closed."""
    found = Found()
    project = studio.find_project(studio.title)
    if project is None or (store.mark(IDENTITY) not in (None, studio.identity(project)) and store.task_ids()):
        there = store.task_keys(("pushed",))
        what = "tasks whose project is gone" if project is None else "tasks that are in another project than this one"
        found.add("lost", what, there, "everything is put into Label Studio anew, reviews included")
        return found
    tasks: dict[str, list[Json]] = {}
    strange: list[str] = []
    for task in studio.whole_tasks(project):
        key = task["data"].get("key")
        tasks.setdefault(key, []).append(task) if key else strange.append(f"task {task['id']}")
    _compare_tasks(store, plan, tasks, studio.shown_version(project), found, restore=restore)
    known = store.known(tasks)
    strange += sorted(set(tasks) - known)
    found.add("strange", "tasks in Label Studio that the store does not know", strange, "left alone; remove them there if need be")
    unread = list(_unread(store, {key: same for key, same in tasks.items() if key in known}))
    found.add("unread", "tasks whose reviews are not as in the store", unread, "the reviews are pulled")
    return found


def _compare_tasks(store: Store, plan: Plan, tasks: dict[str, list[Json]], shown: str, found: Found, *, restore: bool) -> None:
    gone = [key for key in store.task_keys(("pushed",)) if key not in tasks]
    repair = (
        "they are put back, with their reviews"
        if restore
        else "they are closed in the store, for a person's deletion stands (--restore: back)"
    )
    found.add("deleted", "tasks that somebody deleted in Label Studio", gone, repair)
    doubled = sorted(key for key, same in tasks.items() if len(same) > 1)
    found.add("doubled", "tasks that are there more than once", doubled, "those that nobody has worked on are removed")
    left = [key for key in store.closed_in_studio() if key in tasks and not any(map(touched, tasks[key]))]
    found.add("leftover", "closed tasks that are still to be seen", left, "removed from Label Studio")
    mine = [(key, tasks[key]) for key in store.task_keys(("pushed",)) if key in tasks]
    bare = sorted(key for key, same in mine if any([p["model_version"] for p in t["predictions"]] != [shown] for t in same))
    found.add("bare", f"tasks without exactly one pre-label of {shown}", bare, "the pre-label is put in, others removed")
    stale = [entry.key for entry in store.entries(states=("pushed",)) if entry.key in tasks and _stale(entry, plan, tasks[entry.key][0])]
    found.add("stale", "tasks that show something else than the store would", stale, "shown anew; a conflict where somebody has worked")


def touched(task: Json) -> bool:
    """Whether somebody has worked on a task: annotated, skipped or drafted."""
    return bool(task["annotations"] or task["total_annotations"] or task["cancelled_annotations"] or task["draft_exists"])


def _stale(entry: Any, plan: Plan, task: Json) -> bool:
    try:
        return task_of(entry, plan.abstain_below)["data"] != task["data"]
    except BadData:
        return True


def _unread(store: Store, tasks: dict[str, list[Json]]) -> Iterator[str]:
    """Keys of tasks whose annotations say something else than the store's reviews."""
    kept: dict[str, dict[int, Json]] = {}
    for review in store.all_reviews():
        if review.annotation_id > 0:
            kept.setdefault(review.key, {})[review.annotation_id] = _said(review.to_dict())
    speakers = store.speakers(list(tasks))
    for key, same in tasks.items():
        there: dict[int, Json] = {}
        for task in same:
            for annotation in task["annotations"]:
                try:
                    review = parse_annotation(annotation, task["data"], annotation["completed_by"], speakers.get(key))
                except (BadData, KeyError, ValueError):
                    continue  # a pull says what is the matter with it
                there[review.annotation_id] = _said(review.to_dict())
        if there != kept.get(key, {}):
            yield key


def _said(row: Json) -> Json:
    return {name: value for name, value in row.items() if name != "updated"}


def repair(store: Store, studio: Studio, plan: Plan, found: Found, *, restore: bool, say: Say) -> Sent:
    """Mends what was found. Killed half-way, the next call finds what is left."""
    named = found.differences
    project = studio.ensure_project(studio.title, **project_settings())
    if "lost" in named:
        store.forget_studio(IDENTITY, studio.identity(project))
    if "unread" in named:
        pull(store, studio, whole=True)
    if "deleted" in named and restore:
        store.put_back(named["deleted"].keys)
    elif "deleted" in named:
        store.close_tasks(named["deleted"].keys, "deleted in Label Studio")
        store.mark_removed(named["deleted"].keys)
    if "stale" in named:
        _show_anew(store, studio, project, plan, list(named["stale"].keys))
    sent = push(store, studio, plan, say=say)  # what waits, doubles, leftovers
    if "bare" in named:
        version = studio.shown_version(project)
        studio.roll_out(project, version, _pre_labels(store, plan, named["bare"].keys), say=say)
    return sent


def now() -> str:
    """The present moment as the store writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _pre_labels(store: Store, plan: Plan, keys: tuple[str, ...]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for entry in store.entries(keys, ("pushed",)):
        found[entry.key] = task_of(entry, plan.abstain_below)["predictions"][0]
    return found


def _show_anew(store: Store, studio: Studio, project: int, plan: Plan, keys: list[str]) -> None:
    """Takes out what nobody has worked on, so that the push puts it in anew; of the rest it renews what does not move the text."""
    store.put_back(studio.delete(project, keys))
    for entry in store.entries(keys, ("pushed",)):
        if not studio.renew(project, entry.key, task_of(entry, plan.abstain_below)["data"]):
            what = "the text has changed since somebody worked on it; their word stands"
            store.add_conflicts([(entry.key, f"version {entry.story.version}", what)], now())
