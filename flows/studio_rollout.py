"""A new model's pre-labels into tasks that are there: put beside the old ones unseen, shown in one step, the old ones removed.

The annotators' page shows the pre-labels of one model version, the project's. So a crash leaves the old ones shown or the new ones,
and whoever runs it again goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flows.studio_api import WAITS, StudioApi, Unanswered
from flows.studio_query import chunks, having
from flows.studio_tasks import pages
from schemas.errors import BadData, BadInput, Unavailable

_BATCH = 250
Json = dict[str, Any]


@dataclass(frozen=True)
class RolledOut:
    """What a roll-out did: tasks that got pre-labels of the new version, of these unchanged from the old, and versions removed."""

    added: int
    kept: int
    removed: tuple[str, ...]


def shown_version(api: StudioApi, project: int) -> str:
    """The model version whose pre-labels annotators see; "" where there is none yet."""
    return api.project(project, "model_version") or ""


def roll_out(api: StudioApi, project: int, version: str, predictions: Mapping[str, Json], say: Callable[[str], None]) -> RolledOut:
    """Gives every task one pre-label of a version, shows that version, and removes all others.

    predictions: by task key; a task that is not among them keeps the one that it shows, under the new version.
    Errors: BadData where the server takes a pre-label and then does not have it; Unavailable where it does not answer to the end.
    """
    shown = shown_version(api, project)
    added, kept = complete(api, project, version, predictions, shown, say)
    if shown != version:
        _show(api, project, version)
        late, unchanged = complete(api, project, version, predictions, shown, say)  # tasks that another run put in meanwhile
        added, kept = added + late, kept + unchanged
        if late:
            _show(api, project, version)
    return RolledOut(added, kept, _remove_others(api, project, version))


def _show(api: StudioApi, project: int, version: str) -> None:
    """Shows the pre-labels of a version; where no task has one, none, since the server refuses that: the next push shows its own."""
    there = version in _versions(api, project)
    api.ask("PATCH", f"/api/projects/{project}/", body={"model_version": version if there else ""})


def _versions(api: StudioApi, project: int) -> list[str]:
    return list(api.ask("GET", f"/api/projects/{project}/model-versions/"))


def complete(
    api: StudioApi,
    project: int,
    version: str,
    predictions: Mapping[str, Json],
    shown: str,
    say: Callable[[str], None],
    keys: list[str] | None = None,
) -> tuple[int, int]:
    """Gives each task that lacks a pre-label of a version one, and takes away the second of those that have two.

    keys: only tasks of these keys. Gives how many it gave, and how many of them are copies of what was shown.
    """
    added: set[int] = set()
    kept: set[int] = set()
    for pause in (*WAITS, None):
        lacking: dict[int, Json] = {}
        for task in _with_predictions(api, project, keys):
            mine = [p["id"] for p in task["predictions"] if p["model_version"] == version]
            for spare in mine[1:]:
                _forget(api, spare)
            if not mine:
                lacking[task["id"]] = _successor(task, predictions, shown) | {"task": task["id"], "model_version": version}
                kept |= set() if task["data"]["key"] in predictions else {task["id"]}
        if not lacking:
            return len(added), len(kept)
        added |= set(lacking)
        failure = _add(api, project, list(lacking.values()), say)
        if failure and pause is None:
            raise Unavailable(str(failure)) from failure
        api.wait(max(pause or 0, failure.after) if failure else 0)
    raise BadData(f"Label Studio took {len(lacking)} pre-labels and does not have them; look at its log")


def _with_predictions(api: StudioApi, project: int, keys: list[str] | None) -> Iterator[Json]:
    for filters in [[]] if keys is None else [[having(some)] for some in chunks(keys)]:
        yield from pages(api, project, filters, fields="all", include="id,data,predictions")


def _successor(task: Json, predictions: Mapping[str, Json], shown: str) -> Json:
    """The new pre-label of a task: the new model's, else the one that it shows now, else an empty one."""
    own = [p for p in task["predictions"] if p["model_version"] == shown] or task["predictions"]
    chosen = predictions.get(task["data"]["key"]) or (own[-1] if own else {"result": [], "score": 0.0})
    return {"result": chosen["result"], "score": chosen["score"]}


def _add(api: StudioApi, project: int, lacking: list[Json], say: Callable[[str], None]) -> Unanswered | None:
    """Imports pre-labels in batches up to the first that is not answered; the caller looks again what is there."""
    for at in range(0, len(lacking), _BATCH):
        try:
            api.once("POST", f"/api/projects/{project}/import/predictions", body=lacking[at : at + _BATCH], long=True)
        except Unanswered as error:
            return error
        say(f"{min(at + _BATCH, len(lacking))} of {len(lacking)} new pre-labels handed to Label Studio")
    return None


def _remove_others(api: StudioApi, project: int, version: str) -> tuple[str, ...]:
    others = [name for name in _versions(api, project) if name != version]
    for name in others:
        api.ask("DELETE", f"/api/projects/{project}/model-versions/", body={"model_version": name})
    return tuple(others)


def _forget(api: StudioApi, prediction: int) -> None:
    try:
        api.ask("DELETE", f"/api/predictions/{prediction}/")
    except BadInput:  # an earlier attempt had been carried out
        return
