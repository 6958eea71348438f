"""Label Studio as the nightly flow needs it: one project, tasks put in exactly once by key, annotations taken out.

The server knows no unique key and SQLite gives a deleted task's id to the next one, so a task is known by `data.key` alone.
One writer at a time: several importers only wait for each other's lock.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from flows.studio_api import WAITS, StudioApi, Unanswered
from flows.studio_query import UNTOUCHED, Filter, chunks, having, later, query
from schemas.errors import BadData, BadInput, Unavailable

MODEL_VERSION = "onrecord"
"""The model version of every pre-label in Label Studio.

One for all: the annotators' page shows only pre-labels of the project's current version, so that tasks still open would
stand bare as soon as a new model labels new ones. Which model it really was, the store knows.
"""
_BATCH = 250  # larger ones are no faster
_BATCH_BYTES = 50_000_000  # the server answers 500 to a body of 250 MB, and every task carries its whole story
_PAGE = 500
_ANNOTATION = ("id", "result", "completed_by", "was_cancelled", "lead_time", "created_at", "updated_at")

Json = dict[str, Any]
Rows = dict[str, list[Json]]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Pushed:
    """What a push did: task ids by key, of tasks made now and of those found there; how many doubles it removed.

    refused: the reason by key of tasks that the server does not take; they are not there.
    """

    created: dict[str, int]
    already: dict[str, int]
    duplicates_removed: int
    refused: dict[str, str] = field(default_factory=dict)


class Studio:
    """A Label Studio server, for a token that may create projects.

    Errors of every method: Unavailable where it cannot be reached or fails to the end; BadInput for a wrong address, token
    or project; BadData where it refuses what was sent.
    """

    def __init__(
        self, url: str, token: str, *, transport: httpx.BaseTransport | None = None, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._api = StudioApi(url, token, transport=transport, wait=wait)
        self._people: dict[int, str] = {}

    @property
    def url(self) -> str:
        """The server's address."""
        return self._api.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def ensure_project(self, title: str, config: str) -> int:
        """The id of the project with exactly this title (the oldest), made if there is none, with this labeling config."""
        if not 3 <= len(title) <= 50:
            raise BadInput(f"the project title {title!r} has {len(title)} characters; Label Studio allows 3 to 50")
        project = self._project(title)
        same = project is not None and project["label_config"].strip() == config.strip()  # the server strips it
        if not same:
            self._api.ask("POST", "/api/projects/validate/", body={"label_config": config})
        if project is None:
            project = self._create_project(title, config)
        elif not same:
            self._api.ask("PATCH", f"/api/projects/{project['id']}/", body={"label_config": config})
        return project["id"]

    def find(self, project: int, keys: Iterable[str]) -> dict[str, list[int]]:
        """Task ids by key, ascending; keys that no task has are left out."""
        return {key: [row["id"] for row in rows] for key, rows in self._rows(project, keys).items()}

    def push(self, project: int, tasks: Sequence[Json], *, say: Say) -> Pushed:
        """Puts each task in exactly once by its key, with its pre-labels; what is there already stays as it is.

        After an import whose fate is unknown it looks what arrived and sends the rest. Doubles are removed where nobody
        has worked on them. Whatever stops it, the next push of the same tasks goes on.
        """
        wanted = {task["data"]["key"]: task for task in tasks}
        before = self._rows(project, wanted)
        missing = {key: task for key, task in wanted.items() if key not in before}
        refused: dict[str, str] = {}
        done = 0
        for batch in _batches(missing):
            refused |= self._import(project, batch)
            done += len(batch)
            say(f"{done} of {len(missing)} new tasks handed to Label Studio")
        after, removed = self._sweep(project, self._rows(project, wanted) if missing else before)
        taken = {key: task for key, task in wanted.items() if key not in refused}
        _check_arrived(taken, missing, after)
        if any(task.get("predictions") for task in missing.values()):
            self._show_predictions(project)
        ids = {key: after[key][0]["id"] for key in taken}
        created = {key: number for key, number in ids.items() if key in missing}
        already = {key: number for key, number in ids.items() if key not in missing}
        return Pushed(created, already, removed, refused)

    def annotated(self, project: int, since: str | None = None) -> Iterator[Json]:
        """Tasks changed after `since` (ISO 8601 with zone; None: all) by id: `id`, `data`, `updated_at` and `annotations`.

        Annotations hold `completed_by` as e-mail; skips are among them (`was_cancelled`), drafts are not. A task is changed by
        making, editing and deleting annotations, so the list may be empty. A change is stamped a moment before others can
        see it: whoever keeps the newest stamp as the next `since` had better go back a minute.
        """
        changed = [later("updated_at", since)] if since else []
        # the server applies the list to the annotations' own fields as well
        include = ",".join(dict.fromkeys(("id", "data", "updated_at", "annotations", *_ANNOTATION)))
        for task in self._tasks(project, changed, fields="all", include=include):
            annotations = [{name: row.get(name) for name in _ANNOTATION} for row in task["annotations"]]
            for annotation in annotations:
                annotation["completed_by"] = self._person(annotation["completed_by"])
            yield {"id": task["id"], "data": task["data"], "updated_at": task["updated_at"], "annotations": annotations}

    def delete(self, project: int, keys: Iterable[str]) -> list[str]:
        """Removes the tasks of these keys that nobody has worked on. Gives the keys that no task has any more."""
        asked = list(dict.fromkeys(keys))
        for some in chunks(asked):
            self._delete(project, query([having(some), *UNTOUCHED], selectedItems={"all": True, "excluded": []}))
        left = self._rows(project, asked)
        return [key for key in asked if key not in left]

    # Projects

    def _project(self, title: str) -> Json | None:
        found: list[Json] = []
        page: int | None = 1
        while page:
            answer = self._api.ask("GET", "/api/projects/", params={"title": title, "page": page, "page_size": 100})
            found += [project for project in answer["results"] if project["title"] == title]
            page = page + 1 if answer["next"] else None
        return min(found, key=lambda project: project["id"], default=None)

    def _create_project(self, title: str, config: str) -> Json:
        body = {"title": title, "label_config": config}
        for pause in WAITS:
            try:
                return self._api.once("POST", "/api/projects/", body=body)
            except Unanswered:
                self._api.wait(pause)
                if made := self._project(title):
                    return made
        return self._api.once("POST", "/api/projects/", body=body)

    def _show_predictions(self, project: int) -> None:
        if self._api.ask("GET", f"/api/projects/{project}/")["model_version"] != MODEL_VERSION:
            self._api.ask("PATCH", f"/api/projects/{project}/", body={"model_version": MODEL_VERSION})

    # Tasks

    def _tasks(self, project: int, filters: Iterable[Filter], *, fields: str, include: str) -> Iterator[Json]:
        """Tasks by id, a page at a time. By `id > last`, not by page number: others may add and delete meanwhile."""
        params = {"project": project, "fields": fields, "include": include, "page_size": _PAGE}
        filters, last = list(filters), 0
        while True:
            asked = query([*filters, ("id", "greater", "Number", last)], ordering=["tasks:id"])
            answer = self._api.ask("GET", "/api/tasks/", params=params | {"query": json.dumps(asked)})
            page = answer["tasks"]
            yield from page
            if not page or len(page) >= answer["total"]:
                return
            last = page[-1]["id"]

    def _rows(self, project: int, keys: Iterable[str], filters: Iterable[Filter] = ()) -> Rows:
        """The tasks of each key, by id, with how many pre-labels they have."""
        rows: Rows = {}
        for some in chunks(keys):
            for row in self._tasks(project, [having(some), *filters], fields="task_only", include="id,data,total_predictions"):
                rows.setdefault(row["data"]["key"], []).append({"id": row["id"], "predictions": row["total_predictions"]})
        return rows

    def _import(self, project: int, batch: Mapping[str, Json]) -> dict[str, str]:
        """Imports a batch; where the server refuses it, its halves, so that one bad task holds up no other.

        Gives the reason by key of those refused. Errors: BadData where that is a full batch: then no task is the fault.
        """
        try:
            self._import_whole(project, batch)
        except BadData as error:
            if len(batch) == 1:
                return dict.fromkeys(batch, str(error))
            keys = list(batch)
            refused: dict[str, str] = {}
            for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
                refused |= self._import(project, {key: batch[key] for key in half})
            if len(refused) == len(batch) == _BATCH:
                raise
            return refused
        return {}

    def _import_whole(self, project: int, batch: Mapping[str, Json]) -> None:
        """Imports a batch, each task once as far as can be known; the sweep sees to the rest."""
        missing = dict(batch)
        for pause in (*WAITS, None):
            try:
                self._api.once("POST", f"/api/projects/{project}/import", body=[_sent(task) for task in missing.values()], long=True)
                return
            except Unanswered as error:
                if pause is None:
                    raise Unavailable(str(error)) from error
                self._api.wait(pause)
                arrived = self._settled(project, missing)
                missing = {key: task for key, task in missing.items() if key not in arrived}
                if not missing:
                    return

    def _settled(self, project: int, keys: Mapping[str, Json]) -> dict[str, list[int]]:
        """What has arrived, looked up until it no longer grows: an import goes on after its caller hung up."""
        found = self.find(project, keys)
        for pause in WAITS:
            if len(found) == len(keys):
                break
            self._api.wait(pause)
            earlier, found = found, self.find(project, keys)
            if found == earlier:
                break
        return found

    def _sweep(self, project: int, rows: Rows) -> tuple[Rows, int]:
        """Removes doubles that nobody has worked on; of each key the worked-on tasks stay, else the one with the lowest id."""
        doubled = [key for key, same in rows.items() if len(same) > 1]
        spare: list[int] = []
        for key, untouched in self._rows(project, doubled, UNTOUCHED).items():
            ids = [row["id"] for row in untouched]
            spare += ids if len(ids) < len(rows[key]) else ids[1:]
        if not spare:
            return rows, 0
        for some in chunks(doubled):
            self._delete(project, query([having(some), *UNTOUCHED], selectedItems={"all": False, "included": spare}))
        left = self._rows(project, doubled)
        return rows | left, sum(len(rows[key]) - len(left[key]) for key in left)

    def _delete(self, project: int, asked: Json) -> None:
        """Deletes what a query finds at the moment when it is carried out, so that work done meanwhile is not lost."""
        self._api.ask("POST", "/api/dm/actions", params={"id": "delete_tasks", "project": project}, body=asked)

    # People

    def _person(self, number: int | None) -> str:
        if number is None:
            return "nobody"  # the account was deleted
        if number not in self._people:
            self._people |= {row["id"]: row["email"] for row in self._api.ask("GET", "/api/users/")}
        return self._people.setdefault(number, f"user {number}")


def _sent(task: Json) -> Json:
    """A task as it is sent: its pre-labels under the one model version that the annotators' page shows."""
    return task | {"predictions": [p | {"model_version": MODEL_VERSION} for p in task.get("predictions", [])]}


def _batches(tasks: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    """At most 250 tasks and 50 MB each, though never none."""
    batch: dict[str, Json] = {}
    size = 0
    for key, task in tasks.items():
        weight = len(json.dumps(task))
        if batch and (len(batch) == _BATCH or size + weight > _BATCH_BYTES):
            yield batch
            batch, size = {}, 0
        batch[key] = task
        size += weight
    if batch:
        yield batch


def _check_arrived(taken: Mapping[str, Json], created: Mapping[str, Json], rows: Rows) -> None:
    """Errors: Unavailable where tasks are not there, BadData where new ones came without their pre-labels."""
    lost = [key for key in taken if key not in rows]
    if lost:
        raise Unavailable(f"Label Studio lost {len(lost)} of {len(taken)} tasks, such as {lost[0]}; is somebody deleting them?")
    bare = [key for key in taken if key in created and rows[key][0]["predictions"] < len(taken[key].get("predictions", []))]
    if bare:
        raise BadData(f"Label Studio took {len(bare)} tasks without their pre-label, such as {bare[0]}; look at its log")
