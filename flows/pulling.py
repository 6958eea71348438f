"""The way back: reviews from Label Studio into the store, only what changed since the last time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flows.store import Store
from flows.studio import Studio
from schemas.errors import BadData
from schemas.guideline import project_settings
from schemas.missed import read_missed
from schemas.reviews import Review, parse_annotation

OVERLAP = timedelta(minutes=1)
"""How old a change is that every pull can see: it is stamped a moment before. What is younger is asked for again."""
_CHUNK = 500


@dataclass
class Pulled:
    """What a pull brought: tasks seen, reviews new or changed or gone, and what could not be taken."""

    tasks: int = 0
    reviews: int = 0
    faults: list[str] = field(default_factory=list)


def pull(store: Store, studio: Studio, *, whole: bool = False, project: int | None = None) -> Pulled:
    """Takes over every annotation, edit, skip and deletion since the last pull; killed half-way, it starts there again.

    whole: looks at all tasks, not only at those that changed. project: its id; None: that of the title, brought up to date first.
    """
    project = project or studio.ensure_project(studio.title, **project_settings())
    mark = f"pulled {studio.identity(project)}"
    settled = studio.clock - OVERLAP
    since = None if whole else store.mark(mark)
    result, newest = Pulled(), since or ""
    tasks = studio.annotated(project, since)
    while some := list(itertools.islice(tasks, _CHUNK)):
        newest = max(newest, *(task["updated_at"] for task in some))
        _take(store, studio, project, some, result)
    if newest and not result.faults:  # what could not be taken is asked for again, and said again
        store.mark(mark, min(datetime.fromisoformat(newest), settled).isoformat())
    return result


def _take(store: Store, studio: Studio, project: int, tasks: Sequence[dict[str, Any]], result: Pulled) -> None:
    """Reviews of some tasks into the store."""
    speakers = store.speakers([task["data"]["key"] for task in tasks])
    taken: list[Review] = []
    there: dict[str, set[int]] = {}
    for task in tasks:
        key = task["data"]["key"]
        there.setdefault(key, set()).update(a["id"] for a in task["annotations"])
        for annotation in task["annotations"]:
            name = f"annotation {annotation.get('id')} of task {key}"
            try:
                review = parse_annotation(annotation, task["data"], annotation["completed_by"], speakers.get(key))
                taken.append(review)  # all that can be read of it
                result.faults += [f"{name}: {why}" for why in read_missed(review.missed, task["data"]["text"])[1].values()]
            except (BadData, KeyError, ValueError) as error:
                result.faults.append(f"{name}: {error}")
    # before a decision is dropped, all tasks of its key are asked: where two were worked on, only one may have changed
    dropped = [key for key, kept in store.annotation_ids(list(there)).items() if kept - there[key]]
    found = studio.annotation_ids(project, dropped)
    there |= {key: found.get(key, set()) for key in dropped}
    result.tasks += len(tasks)
    result.reviews += store.add_reviews(taken, there)
