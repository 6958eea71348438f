"""New tasks into Label Studio in batches: each once as far as can be known, and a refused one holds up no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flows.studio_api import WAITS, StudioApi, Unanswered
from flows.studio_tasks import rows
from schemas.errors import BadData, Unavailable

BATCH = 250  # larger ones are no faster
_BATCH_BYTES = 50_000_000  # the server answers 500 to a body of 250 MB, and every task carries its whole story

Json = dict[str, Any]


@dataclass
class Imported:
    """What came of an import. ids: the task of each key, where the server said so; refused: the reason by key.

    unsure: keys of which a request was not answered, so that they may be there twice. bare: the server says that pre-labels are missing.
    """

    ids: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    bare: bool = False


def import_tasks(api: StudioApi, project: int, tasks: Mapping[str, Json], say: Callable[[str], None]) -> Imported:
    """Imports tasks by key.

    Errors: Unavailable where the server does not answer to the end; BadData where it refuses a whole batch.
    """
    result = Imported()
    done = 0
    for batch in batches((key, Encoded.of(task)) for key, task in tasks.items()):
        _import(api, project, batch, result)
        done += len(batch)
        say(f"{done} of {len(tasks)} new tasks handed to Label Studio")
    return result


class Encoded(NamedTuple):
    """A task as it is sent, and how many pre-labels it has."""

    body: bytes
    predictions: int

    @classmethod
    def of(cls, task: Json) -> Encoded:
        """A task's JSON."""
        body = json.dumps(task, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(body, len(task.get("predictions", ())))


def batches(tasks: Iterable[tuple[str, Encoded]]) -> Iterator[dict[str, Encoded]]:
    """At most 250 tasks and 50 MB each, though never none."""
    batch: dict[str, Encoded] = {}
    size = 0
    for key, task in tasks:
        if batch and (len(batch) == BATCH or size + len(task.body) > _BATCH_BYTES):
            yield batch
            batch, size = {}, 0
        batch[key] = task
        size += len(task.body)
    if batch:
        yield batch


def _import(api: StudioApi, project: int, batch: Mapping[str, Encoded], result: Imported) -> None:
    """Imports a batch; where the server refuses it, its halves.

    Errors: BadData where it refuses a full batch to the last: then no task is the fault.
    """
    try:
        _import_whole(api, project, batch, result)
    except BadData as error:
        if len(batch) == 1:
            result.refused |= dict.fromkeys(batch, str(error))
            return
        keys = list(batch)
        for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
            _import(api, project, {key: batch[key] for key in half}, result)
        if len(batch) == BATCH and all(key in result.refused for key in batch):
            raise


def _import_whole(api: StudioApi, project: int, batch: Mapping[str, Encoded], result: Imported) -> None:
    """Imports a batch, each task once as far as can be known; the sweep sees to the rest."""
    missing = dict(batch)
    for pause in (*WAITS, None):
        try:
            body = b"[%s]" % b",".join(task.body for task in missing.values())
            answer = api.once("POST", f"/api/projects/{project}/import", params={"return_task_ids": "true"}, body=body, long=True)
            if len(answer.get("task_ids", ())) == len(missing):
                result.ids |= dict(zip(missing, answer["task_ids"], strict=True))
            result.bare |= answer.get("prediction_count") != sum(task.predictions for task in missing.values())
            return
        except Unanswered as error:
            result.unsure |= set(missing)
            if pause is None:
                raise Unavailable(str(error)) from error
            api.wait(max(pause, error.after))
            arrived = _settled(api, project, missing)
            missing = {key: task for key, task in missing.items() if key not in arrived}
            if not missing:
                return


def _settled(api: StudioApi, project: int, keys: Mapping[str, Encoded]) -> set[str]:
    """What has arrived, looked up until it no longer grows: an import goes on after its caller hung up."""
    found = set(rows(api, project, keys))
    for pause in WAITS:
        if len(found) == len(keys):
            break
        api.wait(pause)
        earlier, found = found, set(rows(api, project, keys))
        if found == earlier:
            break
    return found
