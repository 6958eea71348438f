"""The way back: reviews from Label Studio into the store, only what changed since the last time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flows.store import Store
from flows.studio import Studio
from schemas.errors import BadData
from schemas.guideline import project_settings
from schemas.reviews import Review, parse_annotation

OVERLAP = timedelta(minutes=1)
"""How old a change is that every pull can see: it is stamped a moment before. What is younger is asked for again."""
_CHUNK = 500
Json = dict[str, Any]


@dataclass
class Pulled:
    """What a pull brought: tasks that changed, reviews new or changed or gone.

    faults: annotations that could not be taken, by the key of their task; each pull asks for them again. unread: typed lines of
    missed claims, taken but not found in their passage, until somebody corrects them.
    """

    tasks: int = 0
    reviews: int = 0
    faults: dict[str, list[str]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def pull(store: Store, studio: Studio, *, whole: bool = False, project: int | None = None) -> Pulled:
    """Takes over every annotation, edit, skip and deletion since the last pull; killed half-way, it starts there again.

    whole: looks at all tasks, not only at those that changed. project: its id; None: that of the title, brought up to date first.
    """
    project = project or studio.ensure_project(studio.title, **project_settings())
    mark = f"pulled {studio.identity(project)}"
    settled = studio.clock - OVERLAP
    since = None if whole else store.mark(mark)
    result, newest = Pulled(), since or ""
    for some in _some(studio.annotated(project, since)):
        newest = max(newest, *(task["updated_at"] for task in some))
        result.tasks += len(some)
        _take(store, studio, project, some, result)
    left = (store.mark(f"{mark}, not taken") or "").split() if since else []
    for some in _some(studio.annotated(project, keys=[key for key in left if key not in result.faults])):
        _take(store, studio, project, some, result)
    store.mark(f"{mark}, not taken", " ".join(result.faults))
    if newest:
        store.mark(mark, min(datetime.fromisoformat(newest), settled).isoformat())
    result.unread = [f"task {key}, {by}: {why}" for key, by, why in store.unread_lines()]
    return result


def _some(tasks: Iterator[Json]) -> Iterator[list[Json]]:
    while some := list(itertools.islice(tasks, _CHUNK)):
        yield some


def _take(store: Store, studio: Studio, project: int, tasks: Sequence[Json], result: Pulled) -> None:
    """Reviews of some tasks into the store; of tasks that it does not know, none."""
    known = store.known(str(task["data"].get("key")) for task in tasks)
    mine = [task for task in tasks if str(task["data"].get("key")) in known]
    speakers = store.speakers([task["data"]["key"] for task in mine])
    taken: list[Review] = []
    there: dict[str, set[int]] = {}
    for task in mine:
        key = task["data"]["key"]
        there.setdefault(key, set()).update(a["id"] for a in task["annotations"])
        for annotation in task["annotations"]:
            try:
                taken.append(parse_annotation(annotation, task["data"], annotation["completed_by"], speakers.get(key)))
            except (BadData, KeyError, ValueError) as error:
                result.faults.setdefault(key, []).append(f"annotation {annotation.get('id')} of task {key}: {error}")
    # before a decision is dropped, all tasks of its key are asked: where two were worked on, only one may have changed
    dropped = [key for key, kept in store.annotation_ids(list(there)).items() if kept - there[key]]
    found = studio.annotation_ids(project, dropped)
    there |= {key: found.get(key, set()) for key in dropped}
    result.reviews += store.add_reviews(taken, there)
