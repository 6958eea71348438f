"""The way back: reviews from Label Studio into the store, only what changed since the last time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flows.store import Store
from flows.studio import Studio
from schemas.errors import BadData
from schemas.reviews import Review, parse_annotation
from schemas.studio_config import labeling_config

OVERLAP = timedelta(minutes=1)
"""How far a pull goes back behind the last: a change is stamped a moment before others can see it."""


@dataclass
class Pulled:
    """What a pull brought: tasks seen, reviews new or changed or gone, and what could not be taken."""

    tasks: int = 0
    reviews: int = 0
    faults: list[str] = field(default_factory=list)


def pull(store: Store, studio: Studio) -> Pulled:
    """Takes over every annotation, edit, skip and deletion since the last pull; killed half-way, it starts there again."""
    project = studio.ensure_project(studio.title, labeling_config())
    mark = f"pulled {studio.url} {project}"
    since = store.mark(mark)
    result, newest = Pulled(), since or ""
    for task in studio.annotated(project, since):
        result.tasks += 1
        newest = max(newest, task["updated_at"])
        key = task["data"]["key"]
        taken: list[Review] = []
        for annotation in task["annotations"]:
            try:
                taken.append(parse_annotation(annotation, task["data"], annotation["completed_by"], store.speaker(key)))
            except (BadData, KeyError, ValueError) as error:
                result.faults.append(f"annotation {annotation.get('id')} of task {key}: {error}")
        result.reviews += store.add_reviews(taken, {key: {a["id"] for a in task["annotations"]}})
    if newest and not result.faults:  # what could not be taken is asked for again, and said again
        store.mark(mark, (datetime.fromisoformat(newest) - OVERLAP).isoformat())
    return result
