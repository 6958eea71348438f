"""Label Studio as the nightly flow needs it: one project, tasks put in exactly once by key, annotations taken out.

The server knows no unique key and SQLite gives a deleted task's id to the next one, so a task is known by `data.key` alone.
One writer at a time: several importers only wait for each other's lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import httpx

from flows import studio_rollout, studio_tasks
from flows.studio_api import WAITS, StudioApi, Unanswered
from flows.studio_import import Imported, import_tasks
from flows.studio_query import UNTOUCHED, chunks, having, later, query
from flows.studio_rollout import RolledOut
from flows.studio_tasks import Rows
from schemas.errors import BadData, BadInput, Unavailable
from schemas.studio_config import TITLE

FIRST_VERSION = "onrecord"
"""The model version of pre-labels in a project that has shown none yet.

All tasks show pre-labels of one version, so new ones come under the version that is shown, whichever model made them;
`Studio.roll_out` changes it for all at once. Which model it really was, the store knows.
"""
_ANNOTATION = ("id", "result", "completed_by", "was_cancelled", "lead_time", "created_at", "updated_at")

Json = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Pushed:
    """What a push did: task ids by key, of tasks made now and of those found there; how many doubles it removed.

    refused: the reason by key of tasks that the server does not take; they are not there. unsure: keys that may yet arrive a second
    time, since a request with them was not answered.
    """

    created: dict[str, int]
    already: dict[str, int]
    duplicates_removed: int
    refused: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Tidied:
    """What a look at all tasks found: the task of each key that had to be looked at, doubles removed, and how many tasks are left."""

    ids: dict[str, int]
    removed: int
    there: int


class Studio:
    """A Label Studio server, for a token that may create projects. title: of the project, for those who ask no other.

    Errors of every method: Unavailable where it cannot be reached or fails to the end; BadInput for a wrong address, token
    or project; BadData where it refuses what was sent.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        wait: Callable[[float], None] = time.sleep,
        timeout: float = 60.0,
        title: str = TITLE,
    ) -> None:
        self.title = title
        self._api = StudioApi(url, token, transport=transport, wait=wait, timeout=timeout)
        self._people: dict[int, str] = {}

    @property
    def url(self) -> str:
        """The server's address."""
        return self._api.url

    @property
    def clock(self) -> datetime:
        """The server's time at its last answer."""
        return self._api.clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def ensure_project(self, title: str, config: str, instruction: str | None = None) -> int:
        """The id of the project with exactly this title (the oldest), made if there is none, with this labeling config.

        instruction: the guideline as HTML; None: as it is.
        """
        if not 3 <= len(title) <= 50:
            raise BadInput(f"the project title {title!r} has {len(title)} characters; Label Studio allows 3 to 50")
        project = self._project(title)
        new = {"label_config": config} | ({} if instruction is None else {"expert_instruction": instruction})
        # the server strips the config
        changed = {name: value for name, value in new.items() if project is None or project[name].strip() != value.strip()}
        if "label_config" in changed:
            self._api.ask("POST", "/api/projects/validate/", body={"label_config": config})
        if project is None:
            return self._create_project({"title": title, **new})["id"]
        if changed:
            self._api.ask("PATCH", f"/api/projects/{project['id']}/", body=changed)
        return project["id"]

    def identity(self, project: int) -> str:
        """What tells a project from every other, on another server too: its id and the moment when it was made."""
        return f"{project} {self._api.project(project, 'created_at')}"

    def ask_for_copies(self, project: int, keys: Iterable[str], copies: int) -> None:
        """Has that many people review the tasks of these keys, none seeing another's work in the stream of tasks."""
        for some in chunks(keys):
            for row in studio_tasks.pages(self._api, project, [having(some)], fields="task_only", include="id,overlap,total_annotations"):
                if row["overlap"] != copies:  # a task that was done is not, by itself, handed out again
                    done = row["total_annotations"] >= copies
                    self._api.ask("PATCH", f"/api/tasks/{row['id']}/", body={"overlap": copies, "is_labeled": done})

    def find(self, project: int, keys: Iterable[str]) -> dict[str, list[int]]:
        """Task ids by key, ascending; keys that no task has are left out."""
        return {key: [row["id"] for row in same] for key, same in studio_tasks.rows(self._api, project, keys).items()}

    def push(self, project: int, tasks: Sequence[Json], *, say: Say, new: bool = False) -> Pushed:
        """Puts each task in exactly once by its key, with its pre-labels; what is there already stays as it is.

        new: none of them is there, as `tidy` has just made sure. After an import whose fate is unknown it looks what arrived and
        sends the rest. Doubles are removed where nobody has worked on them. Whatever stops it, the next push goes on.
        """
        wanted = {task["data"]["key"]: task for task in tasks}
        before: Rows = {} if new else studio_tasks.rows(self._api, project, wanted)
        version = studio_rollout.shown_version(self._api, project) or FIRST_VERSION
        missing = {key: _under(version, task) for key, task in wanted.items() if key not in before}
        imported = import_tasks(self._api, project, missing, say)
        taken = {key: task for key, task in wanted.items() if key not in imported.refused}
        ids, removed = self._ids(project, taken, imported, before)
        self._show(project, version, missing, say)
        created = {key: ids[key] for key in taken if key in missing}
        already = {key: ids[key] for key in taken if key not in missing}
        return Pushed(created, already, removed, imported.refused, imported.unsure)

    def _ids(self, project: int, taken: Mapping[str, Json], imported: Imported, before: Rows) -> tuple[dict[str, int], int]:
        """The task of each key, looked up where the server did not say it, and how many doubles were removed."""
        doubtful = [key for key in taken if key in imported.unsure or key in before or key not in imported.ids or imported.bare]
        found, removed = studio_tasks.sweep(self._api, project, studio_tasks.rows(self._api, project, doubtful))
        _check_arrived({key: taken[key] for key in doubtful}, imported, found)
        return imported.ids | {key: same[0]["id"] for key, same in found.items()}, removed

    def tidy(self, project: int, known: Collection[int], suspects: Collection[str] = ()) -> Tidied:
        """Looks at every task whose id is not among `known`, or whose key is suspect, and removes doubles that nobody has worked on.

        suspects: keys to look up all the same, since the id of a task that was deleted is given to another.
        """
        strays, there = studio_tasks.strays(self._api, project, known)
        found, removed = studio_tasks.sweep(self._api, project, strays | studio_tasks.rows(self._api, project, suspects))
        return Tidied({key: same[0]["id"] for key, same in found.items()}, removed, there - removed)

    def count(self, project: int) -> int:
        """How many tasks there are."""
        return self._api.project(project, "task_number")

    def annotation_ids(self, project: int, keys: Iterable[str]) -> dict[str, set[int]]:
        """The annotations that the tasks of each key have, all of a key's tasks together."""
        found: dict[str, set[int]] = {}
        for some in chunks(keys):
            for task in studio_tasks.pages(self._api, project, [having(some)], fields="all", include="id,data,annotations"):
                found.setdefault(task["data"]["key"], set()).update(row["id"] for row in task["annotations"])
        return found

    def annotated(self, project: int, since: str | None = None, *, keys: Iterable[str] | None = None) -> Iterator[Json]:
        """Tasks changed after `since` (ISO 8601 with zone; None: all) by id: `id`, `data`, `updated_at` and `annotations`.

        keys: only tasks of these keys.

        Annotations hold `completed_by` as e-mail; skips are among them (`was_cancelled`), drafts are not. A task is changed by
        making, editing and deleting annotations, so the list may be empty. A change is stamped a moment before others can
        see it: whoever keeps the newest stamp as the next `since` had better go back a minute.
        """
        changed = [later("updated_at", since)] if since else []
        # the server applies the list to the annotations' own fields as well
        include = ",".join(dict.fromkeys(("id", "data", "updated_at", "annotations", *_ANNOTATION)))
        asked = [changed] if keys is None else [[*changed, having(some)] for some in chunks(keys)]
        for task in (t for filters in asked for t in studio_tasks.pages(self._api, project, filters, fields="all", include=include)):
            annotations = [{name: row.get(name) for name in _ANNOTATION} for row in task["annotations"]]
            for annotation in annotations:
                annotation["completed_by"] = self._person(annotation["completed_by"])
            yield {"id": task["id"], "data": task["data"], "updated_at": task["updated_at"], "annotations": annotations}

    def delete(self, project: int, keys: Iterable[str]) -> list[str]:
        """Removes the tasks of these keys that nobody has worked on. Gives the keys that no task has any more."""
        asked = list(dict.fromkeys(keys))
        for some in chunks(asked):
            studio_tasks.delete(self._api, project, query([having(some), *UNTOUCHED], selectedItems={"all": True, "excluded": []}))
        left = studio_tasks.rows(self._api, project, asked)
        return [key for key in asked if key not in left]

    def roll_out(self, project: int, version: str, predictions: Mapping[str, Json], *, say: Say) -> RolledOut:
        """Shows pre-labels of a new model version on every task, in one step, and removes the old ones; annotations stay.

        predictions: a pre-label by task key; a task without one keeps what it shows. Whatever stops it, annotators see the old
        ones or the new ones, and the next call goes on.
        """
        return studio_rollout.roll_out(self._api, project, version, predictions, say)

    def shown_version(self, project: int) -> str:
        """The model version whose pre-labels annotators see; "" where there is none yet."""
        return studio_rollout.shown_version(self._api, project)

    def ensure_people(self, addresses: Iterable[str]) -> None:
        """Makes an account for each e-mail address that has none; its owner sets a password before the first log-in."""
        wanted = set(addresses)
        if wanted:
            wanted -= {row["email"] for row in self._api.ask("GET", "/api/users/")}
        for address in sorted(wanted):
            try:
                self._api.ask("POST", "/api/users/", body={"email": address, "username": address})
            except BadData:  # an earlier attempt had been carried out
                if address not in {row["email"] for row in self._api.ask("GET", "/api/users/")}:
                    raise

    def find_project(self, title: str) -> int | None:
        """The id of the project with exactly this title, if there is one."""
        project = self._project(title)
        return project["id"] if project else None

    def whole_tasks(self, project: int) -> Iterator[Json]:
        """Every task by id with its data, pre-labels, annotations (`completed_by` as e-mail) and how many people worked on it."""
        include = ",".join(dict.fromkeys(("id", "data", "predictions", "annotations", *studio_tasks.WORK, *_ANNOTATION)))
        for task in studio_tasks.pages(self._api, project, [], fields="all", include=include):
            for annotation in task["annotations"]:
                annotation["completed_by"] = self._person(annotation["completed_by"])
            yield task

    def rewrite(self, annotation: int, result: list[Json]) -> None:
        """Gives an annotation another result; who made it stays."""
        self._api.ask("PATCH", f"/api/annotations/{annotation}/", body={"result": result})

    def renew(self, project: int, key: str, data: Json) -> bool:
        """Gives the tasks of a key new data, so far as their passage is the same; False where it is another."""
        same = True
        for task in studio_tasks.pages(self._api, project, [having([key])], fields="task_only", include="id,data"):
            if all(task["data"].get(name) == data[name] for name in ("text", "text_start", "version")):
                self._api.ask("PATCH", f"/api/tasks/{task['id']}/", body={"data": data})
            else:
                same = False
        return same

    def noticed(self, project: int, words: str) -> list[str]:
        """Keys of the tasks whose notice holds these words."""
        asked = [("data.notice", "contains", "String", words)]
        return [task["data"]["key"] for task in studio_tasks.pages(self._api, project, asked, fields="task_only", include="id,data")]

    def notify(self, project: int, notices: Mapping[str, str]) -> int:
        """Has the tasks of these keys say this above their passage; all else of them stays. Gives how many said something else."""
        return studio_tasks.notify(self._api, project, notices)

    # Projects

    def _project(self, title: str) -> Json | None:
        found: list[Json] = []
        page: int | None = 1
        while page:
            wanted = {"title": title, "include": "id,title,label_config,expert_instruction", "page": page, "page_size": 100}
            answer = self._api.ask("GET", "/api/projects/", params=wanted)
            found += [project for project in answer["results"] if project["title"] == title]
            page = page + 1 if answer["next"] else None
        return min(found, key=lambda project: project["id"], default=None)

    def _create_project(self, body: Json) -> Json:
        for pause in WAITS:
            try:
                return self._api.once("POST", "/api/projects/", body=body)
            except Unanswered as error:
                self._api.wait(max(pause, error.after))
                if made := self._project(body["title"]):
                    return made
        return self._api.once("POST", "/api/projects/", body=body)

    def _show(self, project: int, version: str, new: Mapping[str, Json], say: Say) -> None:
        """Sees to it that new tasks have a pre-label of the version shown, also where that has changed meanwhile."""
        shown = studio_rollout.shown_version(self._api, project)
        if not shown and new:
            self._api.ask("PATCH", f"/api/projects/{project}/", body={"model_version": version})
        elif shown != version and new:
            studio_rollout.complete(self._api, project, shown, {}, version, say, keys=list(new))

    # People

    def _person(self, number: int | None) -> str:
        if number is None:
            return "nobody"  # the account was deleted
        if number not in self._people:
            self._people |= {row["id"]: row["email"] for row in self._api.ask("GET", "/api/users/")}
        return self._people.setdefault(number, f"user {number}")


def _under(version: str, task: Json) -> Json:
    """A task with its pre-labels under a model version."""
    return task | {"predictions": [p | {"model_version": version} for p in task.get("predictions", [])]}


def _check_arrived(taken: Mapping[str, Json], imported: Imported, rows: Rows) -> None:
    """Errors: Unavailable where tasks are not there, BadData where new ones came without their pre-labels."""
    lost = [key for key in taken if key not in rows]
    if lost:
        raise Unavailable(f"Label Studio lost {len(lost)} of {len(taken)} tasks, such as {lost[0]}; is somebody deleting them?")
    bare = [key for key in taken if key in imported.ids and rows[key][0]["predictions"] < len(taken[key].get("predictions", []))]
    if bare:
        raise BadData(f"Label Studio took {len(bare)} tasks without their pre-label, such as {bare[0]}; look at its log")
