"""Tasks in Label Studio by key: looked up, counted, swept of doubles, deleted where nobody has worked on them.

The server knows no unique key and SQLite gives a deleted task's id to the next one, so a task is known by `data.key` alone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from flows.studio_api import StudioApi
from flows.studio_query import UNTOUCHED, Filter, batched, chunks, having, query

PAGE = 500
_IDS = 5000
"""Tasks a page where nothing but their ids is asked for."""
WORK = ("total_annotations", "cancelled_annotations", "draft_exists")
"""Fields that say that somebody has worked on a task."""
Json = dict[str, Any]
Rows = dict[str, list[Json]]
"""The tasks of each key, by id: `id` and how many `predictions` they have."""


def pages(api: StudioApi, project: int, filters: Iterable[Filter], *, fields: str, include: str, size: int | None = None) -> Iterator[Json]:
    """Tasks by id, a page at a time. By `id > last`, not by page number: others may add and delete meanwhile."""
    params = {"project": project, "fields": fields, "include": include, "page_size": size or PAGE}
    filters, last = list(filters), 0
    while True:
        asked = query([*filters, ("id", "greater", "Number", last)], ordering=["tasks:id"])
        answer = api.ask("GET", "/api/tasks/", params=params | {"query": json.dumps(asked)})
        page = answer["tasks"]
        yield from page
        if not page or len(page) >= answer["total"]:
            return
        last = page[-1]["id"]


def rows(api: StudioApi, project: int, keys: Iterable[str], filters: Iterable[Filter] = ()) -> Rows:
    """The tasks of each key; keys that no task has are left out."""
    found: Rows = {}
    for some in chunks(keys):
        for row in pages(api, project, [having(some), *filters], fields="task_only", include="id,data,total_predictions"):
            found.setdefault(row["data"]["key"], []).append({"id": row["id"], "predictions": row["total_predictions"]})
    return found


def strays(api: StudioApi, project: int, known: Collection[int]) -> tuple[Rows, int]:
    """The tasks of each key that has one whose id is not among `known`, and how many tasks there are.

    An import whose client died may be carried out after all others have looked: only who looks at every id finds it.
    """
    there = [row["id"] for row in pages(api, project, [], fields="task_only", include="id", size=_IDS)]
    known = set(known)
    keys = [
        row["data"]["key"]
        for some in batched([number for number in there if number not in known])
        for row in pages(api, project, [("id", "in_list", "List", some)], fields="task_only", include="id,data")
        if "key" in row["data"]
    ]
    return rows(api, project, keys), len(there)


def sweep(api: StudioApi, project: int, found: Rows) -> tuple[Rows, int]:
    """Removes doubles that nobody has worked on; of each key the worked-on tasks stay, else the one with the lowest id.

    All of a key's tasks are seen in one answer: from two, another run's sweep between them would pass for somebody's work.
    """
    doubled = [key for key, same in found.items() if len(same) > 1]
    seen: dict[str, list[Json]] = {}
    for some in chunks(doubled):
        for row in pages(api, project, [having(some)], fields="all", include=f"id,data,{','.join(WORK)}"):
            seen.setdefault(row["data"]["key"], []).append(row)
    spare: list[int] = []
    for same in seen.values():
        untouched = [row["id"] for row in same if not any(row[name] for name in WORK)]
        spare += untouched if len(untouched) < len(same) else untouched[1:]
    for some in chunks(doubled) if spare else ():
        delete(api, project, query([having(some), *UNTOUCHED], selectedItems={"all": False, "included": spare}))
    left = rows(api, project, doubled)
    return found | left, sum(len(found[key]) - len(left.get(key, ())) for key in doubled)


def delete(api: StudioApi, project: int, asked: Json) -> None:
    """Deletes what a query finds at the moment when it is carried out, so that work done meanwhile is not lost."""
    api.ask("POST", "/api/dm/actions", params={"id": "delete_tasks", "project": project}, body=asked)


def notify(api: StudioApi, project: int, notices: Mapping[str, str]) -> int:
    """Has the tasks of these keys say this above their passage; gives how many said something else."""
    changed = 0
    for some in chunks(notices):
        for task in pages(api, project, [having(some)], fields="task_only", include="id,data"):
            notice = notices[task["data"]["key"]]
            if task["data"].get("notice") != notice:
                api.ask("PATCH", f"/api/tasks/{task['id']}/", body={"data": task["data"] | {"notice": notice}})
                changed += 1
    return changed
